package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"drydock/workflows"
)

func (c commands) node() *cobra.Command {
	return noun("node", "Look at nodes, and forget replaced ones", "  drydock node show n1", c.nodeShow(), c.nodeForget())
}

// oneNode is an argument list of one node.
func oneNode(cmd *cobra.Command, args []string) error {
	if err := cobra.ExactArgs(1)(cmd, args); err != nil {
		return errors.New("say which node")
	}
	return nil
}

// siteFlag gives a command --site, for names of nodes that several sites have.
func siteFlag(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVar(into, "site", "", "the site of the node (`name`); needed only where several have a node of the name")
}

func (c commands) nodeForget() *cobra.Command {
	var in workflows.Forgetting
	var yes bool
	cmd := &cobra.Command{
		Use: "forget NAME --yes", Short: "Forget which machine a node is, after its mainboard or the whole of it was replaced",
		Long: "Forget serial number, UUID and MACs of a node, with all that was observed of it. The machine that is found next is\n" +
			"recorded as the node's. Until then the recorded identity stops every action on another machine.\n\n" +
			"Delete the old machine at the bootstrapper first, or it is the one that is found. What was forgotten, by whom and\n" +
			"why is kept with the build data of the node.",
		Example: "  drydock node forget n1 --reason \"mainboard replaced, ticket 4711\" --yes", Args: oneNode,
	}
	siteFlag(cmd, &in.Site)
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why, for the record")
	cmd.Flags().BoolVar(&yes, "yes", false, "do it; without, the command says what would be forgotten")
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		tasks, done, err := c.connect(cmd.Context())
		if err != nil {
			return err
		}
		defer done()
		known, err := tasks.Node(cmd.Context(), workflows.NodeRef{Site: in.Site, Node: args[0]})
		if err != nil {
			return err
		}
		if !yes {
			return usage(fmt.Errorf("forget node %s of site %s, which is %s: say --yes, and give a --reason",
				printable(args[0]), printable(known.Site), machineWords(known.Identity)))
		}
		in.Node, in.Site, in.By = args[0], known.Site, c.User
		if known, err = tasks.Forget(cmd.Context(), in); err != nil {
			return err
		}
		c.say("node %s of site %s was %s: forgotten", printable(in.Node), printable(in.Site), machineWords(known.Identity))
		c.say("record the machine that is there now with: drydock task run verify-nodes --node %s --design ...", printable(in.Node))
		return nil
	})
	return cmd
}
