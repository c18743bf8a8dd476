package maas

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/drivers"
)

// admin is a session of somebody at the region who is not the driver under test.
func (r *region) admin(key string) *session {
	r.t.Helper()
	if key == "" {
		key = r.maas.APIKey()
	}
	d, err := New(Config{URL: r.url, APIKey: design.Secret(key)})
	require.NoError(r.t, err)
	s, err := d.session(context.Background(), "test", "test")
	require.NoError(r.t, err)
	return s
}

// refused runs an action that must fail with a class and without a write.
func (r *region) refused(class drivers.Class, node string, action nodeAction) *drivers.Error {
	r.t.Helper()
	r.meter.reset()
	_, err := action(context.Background(), r.call(node, newMemory()))
	e := classed(r.t, err, class)
	require.Empty(r.t, r.meter.written())
	return e
}

func TestAHostNameOnAMachineWithAnotherBMCIsAConflictThatNamesBoth(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.boot("harbor-n1")
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.IdentifyNode)
	delete(r.build, "harbor-n1")
	r.site.Nodes[0].Addresses[0].IP = address("10.40.1.99")
	for name, action := range map[string]nodeAction{
		"identify": r.driver.IdentifyNode, "deploy": r.driver.DeployNode, "destroy": r.driver.DestroyNode,
		"observe": func(ctx context.Context, c drivers.NodeCall) (drivers.Report, error) {
			_, err := r.driver.Observe(ctx, c)
			return drivers.Report{}, err
		},
	} {
		e := r.refused(drivers.Conflict, "harbor-n1", action)
		require.Contains(t, e.Error(), "10.40.1.11", name)
		require.Contains(t, e.Error(), "10.40.1.99", name)
	}
}

func TestAMachineWhoseBMCChangedSinceItWasIdentifiedIsNotTouched(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", true)
	id := r.build["harbor-n1"].Provisioner.ID
	require.NoError(t, r.admin("").put("machines/"+id+"/", form("power_parameters_power_address", "10.40.1.77"), nil))
	for _, action := range []nodeAction{r.driver.DeployNode, r.driver.DestroyNode} {
		e := r.refused(drivers.Conflict, "harbor-n1", action)
		require.Contains(t, e.Error(), "10.40.1.77")
	}
}

func TestTheRecordedSystemUUIDMustBeThatOfTheMachine(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", true)
	b := r.build["harbor-n1"]
	b.Identity.UUID = "00000000-1111-2222-3333-444444444444"
	r.build["harbor-n1"] = b
	for _, action := range []nodeAction{r.driver.DeployNode, r.driver.DestroyNode} {
		require.Contains(t, r.refused(drivers.Conflict, "harbor-n1", action).Error(), "00000000-1111-2222-3333-444444444444")
	}
}

func TestTwoMachinesThatCouldBeTheNodeAreAConflictThatNamesBoth(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.boot("harbor-n1")
	r.boot("harbor-n2")
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.IdentifyNode)
	r.must(drivers.Changed, "harbor-n2", newMemory(), r.driver.IdentifyNode)
	// The design gives n1 a MAC of the machine that is n2.
	r.site.Nodes[0].BootMAC = r.build["harbor-n2"].Identity.MACs[0]
	r.build = nil
	e := r.refused(drivers.Conflict, "harbor-n1", r.driver.IdentifyNode)
	require.Contains(t, e.Error(), "harbor-n1 (")
	require.Contains(t, e.Error(), "harbor-n2 (")
}

func TestAMachineThatIsAnotherNodeOfTheDesignIsNotRenamed(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.boot("harbor-n1")
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.IdentifyNode)
	r.site.Nodes[1].Addresses[0].IP = r.site.Nodes[0].Addresses[0].IP
	require.Contains(t, r.refused(drivers.Conflict, "harbor-n2", r.driver.IdentifyNode).Error(), "host name of node harbor-n1")
}

func TestANodeWithTheNameOfARackControllerIsRefused(t *testing.T) {
	site := testSite()
	site.Nodes[0].Name = "rack1"
	r := newRegion(t, site, nil)
	require.Contains(t, r.refused(drivers.Conflict, "rack1", r.driver.IdentifyNode).Error(), "rack controller")
}

func TestAMachineThatSomebodyElseHoldsIsRefusedWithTheOwnersName(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", true)
	id := r.build["harbor-n1"].Provisioner.ID
	other := r.admin(r.maas.AddUser("neighbour", true))
	require.NoError(t, other.post("machines/", "allocate", form("system_id", id), nil))
	for _, action := range []nodeAction{r.driver.DeployNode, r.driver.DestroyNode, r.driver.ConfigureHardware, r.driver.ApplyNodePlatform} {
		require.Contains(t, r.refused(drivers.Conflict, "harbor-n1", action).Error(), "user neighbour")
	}
	b, err := r.driver.Observe(context.Background(), r.call("harbor-n1", newMemory()))
	require.NoError(t, err)
	require.False(t, b.Provisioner.Ours)
	require.Equal(t, "neighbour", b.Provisioner.Owner)
}

func TestAnAllocationOfAnotherAgentWithOurKeyIsNotOurs(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", true)
	id := r.build["harbor-n1"].Provisioner.ID
	other := r.admin("")
	require.NoError(t, other.post("machines/", "allocate", form("system_id", id), nil))
	require.Contains(t, r.refused(drivers.Conflict, "harbor-n1", r.driver.DeployNode).Error(), "not for the agent drydock", "taken by hand")
	require.NoError(t, other.post("machines/"+id+"/", "release", nil, nil))
	require.Eventually(t, func() bool { m, err := other.machineByID(id); return err == nil && m.Status == stReady }, waitFor, tick)
	require.NoError(t, other.post("machines/", "allocate", form("system_id", id, "agent_name", "terraform"), nil))
	require.Contains(t, r.refused(drivers.Conflict, "harbor-n1", r.driver.DeployNode).Error(), "not for the agent drydock")
}

func TestALockedMachineIsRefused(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", true)
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.DeployNode)
	id := r.build["harbor-n1"].Provisioner.ID
	require.NoError(t, r.admin("").post("machines/"+id+"/", "lock", nil, nil))
	require.Contains(t, r.refused(drivers.Conflict, "harbor-n1", r.driver.DestroyNode).Error(), "locked")
	require.Empty(t, r.must(drivers.Already, "harbor-n1", newMemory(), r.driver.DeployNode), "what runs as designed is no conflict")
}

func TestABrokenMachineNeedsAPerson(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", false)
	id := r.build["harbor-n1"].Provisioner.ID
	s := r.admin("")
	require.NoError(t, s.post("machines/", "allocate", form("system_id", id), nil))
	require.NoError(t, s.post("machines/"+id+"/", "mark_broken", form("comment", "fan"), nil))
	for _, action := range []nodeAction{r.driver.DeployNode, r.driver.DestroyNode, r.driver.ConfigureHardware} {
		r.refused(drivers.NeedsPerson, "harbor-n1", action)
	}
}

func TestAnAbortOfOurDeploymentByAPersonNeedsAPersonAndIsNotRepeated(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", true)
	j := newMemory()
	_, err := r.driver.DeployNode(context.Background(), r.call("harbor-n1", j))
	classed(t, err, drivers.NotReady)
	id := r.build["harbor-n1"].Provisioner.ID
	s := r.admin("")
	require.NoError(t, s.post("machines/"+id+"/", "abort", nil, nil))
	require.Eventually(t, func() bool {
		m, err := s.machineByID(id)
		return err == nil && m.Status == stAllocated
	}, waitFor, tick)
	_, err = r.finish("harbor-n1", j, r.driver.DeployNode)
	classed(t, err, drivers.NeedsPerson)
}

func TestAnUnknownDiskOrInterfaceIsRefusedBeforeAnythingChanges(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", false)
	node := r.site.Node("harbor-n1")
	node.Storage.Devices[1].Name = "sdz"
	require.Contains(t, r.refused(drivers.Conflict, "harbor-n1", r.driver.ApplyNodeStorage).Error(), "0 disks")
	node.Storage.Devices[1].Name = "bulk_disk"
	require.Contains(t, r.refused(drivers.InvalidDesign, "harbor-n1", r.driver.ApplyNodeStorage).Error(), "both disk sdb")
	node.Storage.Devices[1].Name = "os_disk"
	node.Storage.Devices[1].Partitions[0].Size = design.Size{Text: "900t", Bytes: 900e12}
	require.Contains(t, r.refused(drivers.InvalidDesign, "harbor-n1", r.driver.ApplyNodeStorage).Error(), "partition root")
	node.Interfaces[1].Slaves = []string{"eno99"}
	require.Contains(t, r.refused(drivers.Conflict, "harbor-n1", r.driver.ApplyNodeNetworking).Error(), "it has eno1")
	node.Interfaces[1].Slaves = []string{"data_a"}
	require.Contains(t, r.refused(drivers.InvalidDesign, "harbor-n1", r.driver.ApplyNodeNetworking).Error(), "both use")
}

func TestStorageAndNetworkOfADeployedMachineThatDifferAreAConflict(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", true)
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.DeployNode)
	node := r.site.Node("harbor-n1")
	node.Storage.Devices[1].Partitions[0].Size = gib(50, "50gi")
	require.Contains(t, r.refused(drivers.Conflict, "harbor-n1", r.driver.ApplyNodeStorage).Error(), "partition root")
	node.Addresses[2].IP = address("10.40.3.44")
	require.Contains(t, r.refused(drivers.Conflict, "harbor-n1", r.driver.ApplyNodeNetworking).Error(), "10.40.3.11")
}

func TestAnAddressThatAnotherMachineHoldsIsAConflict(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", true)
	r.boot("harbor-n2")
	r.must(drivers.Changed, "harbor-n2", newMemory(), r.driver.IdentifyNode)
	r.must(drivers.Changed, "harbor-n2", newMemory(), r.driver.ConfigureHardware)
	r.site.Node("harbor-n2").Addresses[2].IP = address("10.40.3.11")
	_, err := r.finish("harbor-n2", newMemory(), r.driver.ApplyNodeNetworking)
	require.Contains(t, classed(t, err, drivers.Conflict).Error(), "IP address is already in use")
}

func TestAnyConfigurationOfTheNetworkIsLedToTheDesign(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", false)
	s := r.admin("")
	id := r.build["harbor-n1"].Provisioner.ID
	m, err := s.machineByID(id)
	require.NoError(t, err)
	nics := map[string]nic{}
	for _, n := range m.Interfaces {
		nics[n.Name] = n
	}
	net, err := s.readNetworks()
	require.NoError(t, err)
	mgmt, storage := net.subnet(prefix("10.40.3.0/24")), net.subnet(prefix("10.40.4.0/24"))
	// A bond of the wrong interfaces with a VLAN and a bridge on it, and the designed address on another interface.
	var bond, tagged nic
	path := "nodes/" + id + "/interfaces/"
	for _, name := range []string{"eno1", "enp65s0f0"} {
		require.NoError(t, s.put(path+strconv.Itoa(nics[name].ID)+"/", form("vlan", strconv.Itoa(mgmt.VLAN.ID)), nil))
	}
	require.NoError(t, s.post(path, "create_bond", url.Values{"name": {"bond0"}, "bond_mode": {"active-backup"}, "parents": {strconv.Itoa(nics["eno1"].ID), strconv.Itoa(nics["enp65s0f0"].ID)}}, &bond))
	require.NoError(t, s.post(path, "create_vlan", form("parent", strconv.Itoa(bond.ID), "vlan", strconv.Itoa(storage.VLAN.ID)), &tagged))
	require.NoError(t, s.post(path, "create_bridge", form("name", "br0", "parent", strconv.Itoa(tagged.ID)), nil))
	require.NoError(t, s.post(path+strconv.Itoa(tagged.ID)+"/", "link_subnet", form("mode", "STATIC", "subnet", strconv.Itoa(storage.ID), "ip_address", "10.40.4.11"), nil))

	r.twice("harbor-n1", r.driver.ApplyNodeNetworking)
	m, err = s.machineByID(id)
	require.NoError(t, err)
	var names []string
	for _, n := range m.Interfaces {
		names = append(names, fmt.Sprint(n.Name, n.Parents))
	}
	require.ElementsMatch(t, []string{"eno1[]", "enp65s0f0[]", "enp65s0f1[]", "bond0[enp65s0f0 enp65s0f1]", "bond0.240[bond0]"}, names)
	require.NotZero(t, m.DefaultGateways.IPv4.LinkID)

	// Small changes of the design take only the requests that they need.
	node := r.site.Node("harbor-n1")
	link := *node.Interfaces[0].Link
	link.MTU, link.Bonding.UpDelay = 1500, 0
	node.Interfaces[0].Link = &link
	node.Addresses[2].IP = address("10.40.3.50")
	node.Interfaces[0].Networks = []string{"mgmt"}
	writes := r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.ApplyNodeNetworking)
	require.Len(t, writes, 4, "remove VLAN, unlink, change bond, link: %v", writes)
	require.Empty(t, r.must(drivers.Already, "harbor-n1", newMemory(), r.driver.ApplyNodeNetworking))
}

func TestTagsAndKernelParametersOfAnEarlierDesignAreRemovedAndForeignOnesStay(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", true)
	s := r.admin("")
	id := r.build["harbor-n1"].Provisioner.ID
	require.NoError(t, s.post("tags/", "", form("name", "theirs"), nil))
	require.NoError(t, s.post("tags/theirs/", "update_nodes", form("add", id), nil))
	node := r.site.Node("harbor-n1")
	node.Tags, node.Platform.KernelParams = []string{"control", "new"}, []string{"quiet"}
	r.twice("harbor-n1", r.driver.ApplyNodePlatform)
	m, err := s.machineByID(id)
	require.NoError(t, err)
	require.Subset(t, m.TagNames, []string{"control", "new", "theirs", "harbor-n1__kernel_params"})
	require.NotContains(t, m.TagNames, "lab")
	var tag struct {
		KernelOpts string `json:"kernel_opts"`
	}
	require.NoError(t, s.get("tags/harbor-n1__kernel_params/", "", nil, &tag))
	require.Equal(t, "quiet", tag.KernelOpts)
	node.Platform.KernelParams = nil
	r.twice("harbor-n1", r.driver.ApplyNodePlatform)
	require.True(t, isAnswer(s.get("tags/harbor-n1__kernel_params/", "", nil, nil), http.StatusNotFound))

	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.DeployNode)
	require.NoError(t, s.post("machines/"+id+"/", "set_workload_annotations", form("person", "note"), nil))
	node.OwnerData = map[string]string{"zone": "a"}
	r.twice("harbor-n1", r.driver.ApplyNodePlatform)
	m, err = s.machineByID(id)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"zone": "a", "person": "note", ownKeys: "zone", designKey: "sha256:feed"}, m.Annotations)
}

func TestPasswordsAreInNoReport(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.boot("harbor-n1")
	report, err := r.finish("harbor-n1", newMemory(), r.driver.IdentifyNode)
	require.NoError(t, err)
	text, err := json.Marshal(report)
	require.NoError(t, err)
	require.NotContains(t, string(text), testBMCPassword)
	params, err := r.admin("").power(r.build["harbor-n1"].Provisioner.ID)
	require.NoError(t, err)
	require.Equal(t, testBMCPassword, params["power_pass"], "the password has to arrive at MAAS")
	require.Equal(t, "efi", params["power_boot_type"])
}
