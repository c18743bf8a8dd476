package redfish

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// find says what a path is.
func (s *Service) find(path string) (resource, bool) {
	if id := sessionID(path); id != "" && !s.quirks.NoSessions {
		return s.sessionResource(id)
	}
	if res, ok := s.fixed[path]; ok {
		return res, true
	}
	if res, ok := s.taskMonitor(path); ok {
		return res, true
	}
	return s.component(path)
}

// resources are those that exist once.
func (s *Service) resources() map[string]resource {
	system := s.SystemPath()
	all := map[string]resource{
		"/redfish":                               {public: true, get: func() object { return object{"v1": root + "/"} }},
		root:                                     {public: true, get: s.serviceRoot},
		root + "/odata":                          {public: true, get: odata},
		root + "/$metadata":                      {public: true, serve: metadata},
		root + "/AccountService":                 {get: s.accountService},
		accountsPath:                             {get: s.accountCollection},
		accountsPath + "/1":                      {get: s.account},
		root + "/Systems":                        {get: s.systems},
		system:                                   {get: s.system, patch: s.patchSystem},
		system + "/Actions/ComputerSystem.Reset": {post: s.resetSystem},
		system + "/EthernetInterfaces":           {get: s.systemInterfaces},
		system + "/Processors":                   {get: s.processors},
		system + "/Memory":                       {get: s.memory},
		system + "/Storage":                      {get: s.storageCollection},
		s.storagePath():                          {get: s.storage},
		root + "/Chassis":                        {get: func() object { return s.members("Chassis", "Chassis", chassisPath) }},
		chassisPath:                              {get: s.chassis},
		chassisPath + "/Thermal":                 {get: s.thermal},
		chassisPath + "/Power":                   {get: s.chassisPower},
		chassisPath + "/PCIeDevices":             {get: s.pcieDevices},
		managerPath + "/LogServices":             {get: s.logServices},
		logPath:                                  {get: s.logService},
		logPath + "/Entries":                     {get: s.logEntries},
		root + "/Managers":                       {get: func() object { return s.members("Manager", "Managers", managerPath) }},
		managerPath:                              {get: s.manager},
		managerPath + "/EthernetInterfaces":      {get: s.managerInterfaces},
		managerPath + "/EthernetInterfaces/eth0": {get: s.managerInterface},
	}
	if !s.quirks.NoBIOS {
		all[root+"/Registries"] = resource{get: s.registries}
		all[registryPath] = resource{get: s.registryFile}
		all[registryPath+"/Registry"] = resource{get: s.registry}
		all[s.biosPath()] = resource{get: s.bios}
		all[s.optionsPath()] = resource{get: s.bootOptions}
		all[adaptersPath] = resource{get: s.adapters}
		if !s.quirks.NoBIOSSettings {
			all[s.biosSettingsPath()] = resource{get: s.biosSettings, patch: s.patchBIOS}
		}
	}
	if s.quirks.Sibling {
		all[s.siblingPath()] = resource{get: s.sibling}
	}
	if s.quirks.SettingsOnly {
		all[s.settingsPath()] = resource{get: s.settings, patch: s.patchSettings}
	}
	if !s.quirks.NoSessions {
		all[root+"/SessionService"] = resource{get: s.sessionService}
		all[sessionsPath] = resource{get: s.sessionCollection, post: s.login, open: true}
	}
	return all
}

// component finds the members of collections: adapters and their functions, NICs, drives, processors, memory modules and boot
// options.
func (s *Service) component(path string) (resource, bool) {
	if device, ok := strings.CutPrefix(path, chassisPath+"/PCIeDevices/"); ok {
		get := s.pcieDevice(device)
		return resource{get: get}, get != nil
	}
	if strings.HasPrefix(path, adaptersPath+"/") && !s.quirks.NoBIOS {
		return s.adapterPart(path)
	}
	below, ok := strings.CutPrefix(path, s.SystemPath()+"/")
	if !ok {
		return resource{}, false
	}
	parts := strings.Split(below, "/")
	id := parts[len(parts)-1]
	var get func() object
	switch kind := strings.Join(parts[:len(parts)-1], "/"); kind {
	case "EthernetInterfaces":
		get = s.systemInterface(id)
	case "Storage/" + storageID + "/Drives":
		get = s.drive(id)
	case "Processors":
		get = s.processor(id)
	case "Memory":
		get = s.module(id)
	case "BootOptions":
		if !s.quirks.NoBIOS {
			get = s.bootOption(id)
		}
	}
	return resource{get: get}, get != nil
}

func (s *Service) members(kind, collectionName string, paths ...string) object {
	return collection(kind+"Collection", root+"/"+collectionName, kind+" Collection", paths...)
}

func (s *Service) serviceRoot() object {
	h := s.machine.Hardware()
	out := object{
		"@odata.type": "#ServiceRoot.v1_15_0.ServiceRoot", "@odata.id": root + "/", "Id": "RootService",
		"Name": "Root Service", "RedfishVersion": "1.17.0", "UUID": s.managerUUID(),
		"Vendor": h.Manufacturer, "Product": h.Model, "ServiceIdentification": h.Serial,
		"ProtocolFeaturesSupported": object{
			"ExcerptQuery": false, "FilterQuery": false, "OnlyMemberQuery": false, "SelectQuery": false,
			"ExpandQuery": object{"ExpandAll": false, "Levels": false, "Links": false, "NoLinks": false},
		},
		"Systems":        reference(root + "/Systems"),
		"Chassis":        reference(root + "/Chassis"),
		"Managers":       reference(root + "/Managers"),
		"AccountService": reference(root + "/AccountService"),
	}
	if !s.quirks.NoBIOS {
		out["Registries"] = reference(root + "/Registries")
	}
	if !s.quirks.NoSessions {
		out["SessionService"] = reference(root + "/SessionService")
		out["Links"] = object{"Sessions": reference(sessionsPath)}
	}
	return out
}

func odata() object {
	var sets []object
	for _, name := range []string{"Systems", "Chassis", "Managers", "AccountService", "SessionService"} {
		sets = append(sets, object{"name": name, "kind": "Singleton", "url": root + "/" + name})
	}
	return object{"@odata.context": root + "/$metadata", "value": sets}
}

// metadata is the OData metadata document: it refers to the schemas of the DMTF, as DSP0266 asks.
func metadata(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/xml")
	var b strings.Builder
	b.WriteString(xml.Header + `<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">`)
	for _, schema := range []string{
		"ServiceRoot", "ComputerSystem", "Chassis", "Manager", "SessionService", "Session", "AccountService",
		"ManagerAccount", "EthernetInterface", "Processor", "Memory", "Storage", "Drive", "PCIeDevice", "Bios", "BootOption", "NetworkAdapter", "NetworkDeviceFunction", "AttributeRegistry", "LogService", "LogEntry", "Thermal", "Power", "Task",
	} {
		fmt.Fprintf(&b, `<edmx:Reference Uri="http://redfish.dmtf.org/schemas/v1/%s_v1.xml"><edmx:Include Namespace="%s"/></edmx:Reference>`,
			schema, schema)
	}
	b.WriteString(`<edmx:DataServices><Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Service">` +
		`<EntityContainer Name="Service" Extends="ServiceRoot.v1_15_0.ServiceContainer"/></Schema></edmx:DataServices></edmx:Edmx>`)
	_, _ = io.WriteString(w, b.String()) // a client that has gone is no matter of ours
}

const accountsPath = root + "/AccountService/Accounts"

func (s *Service) accountService() object {
	return object{
		"@odata.type": "#AccountService.v1_13_0.AccountService", "@odata.id": root + "/AccountService",
		"Id": "AccountService", "Name": "Account Service", "ServiceEnabled": true, "MinPasswordLength": 8,
		"AccountLockoutThreshold": 0, "Accounts": reference(accountsPath),
		"Status": object{"State": "Enabled", "Health": "OK"},
	}
}

func (s *Service) accountCollection() object {
	return collection("ManagerAccountCollection", accountsPath, "Accounts Collection", accountsPath+"/1")
}

func (s *Service) account() object {
	return object{
		"@odata.type": "#ManagerAccount.v1_10_0.ManagerAccount", "@odata.id": accountsPath + "/1", "Id": "1",
		"Name": "User Account", "UserName": s.machine.Hardware().BMC.Account, "RoleId": "Administrator", "Enabled": true,
		"Locked": false, "Password": nil, // never readable, says the standard
	}
}
