package validate

import "drydock/design"

var ipLocality = Rule{
	Code: "DD2002", Slug: "ip-locality", Title: "IP Locality Check", Level: design.LevelError,
	Why:   "an address or gateway outside of its network is never reached",
	Hint:  "gateways and static addresses lie in the network that they are for",
	check: checkIPLocality,
}

func checkIPLocality(r *run) {
	for _, n := range r.site.Networks {
		for i := range routes(r, n) {
			gateway := n.Routes[i].Gateway
			has := func(key string) bool { return r.docs.Exists(design.KindNetwork, n.Name, "routes", i, key) }
			switch {
			case !has("subnet") && !has("routedomain"):
				r.warn(r.at(design.KindNetwork, n.Name, "routes", i), "a route has neither a subnet nor a routedomain, so it leads nowhere")
			case !has("subnet") && !has("metric"):
				r.warn(r.at(design.KindNetwork, n.Name, "routes", i), "a route for route domain %s has no metric, so no routes are made from it", n.Routes[i].RouteDomain)
			}
			switch {
			case !has("gateway"):
				r.found(r.at(design.KindNetwork, n.Name, "routes", i), "a route has no gateway")
			case gateway.IsValid() && n.CIDR.IsValid() && !n.CIDR.Contains(gateway):
				r.found(r.at(design.KindNetwork, n.Name, "routes", i, "gateway"), "gateway %s is not in %s", gateway, n.CIDR)
			}
		}
	}
	refs := r.networkReferences()
	for _, node := range r.nodes {
		for i, a := range addressing(r, node) {
			network := r.site.Network(a.network)
			switch {
			case network == nil:
				refs.dangles(r.of(node, "addressing", i, "network"), a.network, "there is an address on network %q, which is not in the design", a.network)
			case a.ip.IsValid() && network.CIDR.IsValid() && !network.CIDR.Contains(a.ip):
				r.found(r.of(node, "addressing", i, "address"), "%s is not in %s of network %s", a.ip, network.CIDR, network.Name)
			}
		}
	}
}

// routes are the positions of the routes that a network's document has; routes of route domains follow after them.
func routes(r *run, n *design.Network) []int {
	var out []int
	for i := range n.Routes {
		if !r.docs.Exists(design.KindNetwork, n.Name, "routes", i) {
			break
		}
		out = append(out, i)
	}
	return out
}
