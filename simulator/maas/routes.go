package maas

// routes is the whole API that is simulated.
func (s *Server) routes() *router {
	t := &router{byPattern: map[string]*resource{}}
	s.routeMachines(t)
	s.routeInterfaces(t)
	s.routeDevices(t)
	s.routePartitions(t)
	s.routeGroups(t)
	s.routeRAIDs(t)
	s.routeCaches(t)
	s.routeResults(t)
	s.routeScripts(t)
	s.routeEvents(t)
	s.routeFabrics(t)
	s.routeVLANs(t)
	s.routeSubnets(t)
	s.routeRanges(t)
	s.routeStaticRoutes(t)
	s.routeSpaces(t)
	s.routeDomains(t)
	s.routeNames(t)
	s.routeAddresses(t)
	s.routeReservedIPs(t)
	s.routeTags(t)
	s.routeZones(t)
	s.routePools(t)
	s.routeConfig(t)
	s.routeImages(t)
	s.routeControllers(t)
	s.routeRepositories(t)
	s.routeAccounts(t)
	s.routeOtherDevices(t)
	return t
}
