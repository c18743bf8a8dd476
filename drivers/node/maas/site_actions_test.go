package maas

import (
	"context"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/drivers"
	simulated "drydock/simulator/maas"
	"drydock/simulator/world"
)

type siteAction func(context.Context, drivers.SiteCall) (drivers.Report, error)

// siteTwice runs a site action that changes something, then again: the second run must not write.
func (r *region) siteTwice(action siteAction) drivers.Report {
	r.t.Helper()
	first, err := action(context.Background(), r.siteCall())
	require.NoError(r.t, err)
	require.Equal(r.t, drivers.Changed, first.Outcome, first.Messages)
	r.meter.reset()
	second, err := action(context.Background(), r.siteCall())
	require.NoError(r.t, err)
	require.Equal(r.t, drivers.Already, second.Outcome, second.Messages)
	require.Empty(r.t, r.meter.written())
	return first
}

func TestTheSiteIsPreparedOnceAndTheSecondRunWritesNothing(t *testing.T) {
	r := newRegion(t, testSite(), func(c *Config) { c.StorageLayout = "lvm" })
	r.siteTwice(r.driver.CreateNetworkTemplate)
	require.LessOrEqual(t, r.meter.reads, 6, "each collection is listed once")
	r.siteTwice(r.driver.CreateStorageTemplate)
	r.siteTwice(r.driver.PrepareHardwareConfig)
	r.siteTwice(r.driver.ConfigureUserCredentials)
	r.siteTwice(r.driver.ConfigureNodeProvisioner)
	report, err := r.driver.CreateBootMedia(context.Background(), r.siteCall())
	require.NoError(t, err)
	require.Equal(t, drivers.Already, report.Outcome)
}

func TestRepositoriesThatTheDesignDoesNotListAreDeletedExceptTheBuiltInOnes(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	s := r.admin("")
	require.NoError(t, s.post("package-repositories/", "", form("name", "old", "url", "http://old.test/ubuntu"), nil))
	r.siteTwice(r.driver.ConfigureNodeProvisioner)
	list, err := s.gmc.PackageRepositories.Get()
	require.NoError(t, err)
	var names []string
	for _, repo := range list {
		names = append(names, repo.Name)
		if repo.Name == "main_archive" {
			require.ElementsMatch(t, []string{"restricted", "multiverse"}, repo.DisabledComponents)
			require.Equal(t, []string{"backports"}, repo.DisabledPockets)
		}
	}
	require.ElementsMatch(t, []string{"main_archive", "ports_archive", "tools"}, names)
}

func TestASubnetThatWasMadeElsewhereIsAdoptedAndLedToTheDesign(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	s := r.admin("")
	var stray fabric
	require.NoError(t, s.post("fabrics/", "", form("name", "data-bond"), nil))
	require.NoError(t, s.post("fabrics/", "", form("name", "stray"), &stray))
	require.NoError(t, s.post("subnets/", "", form("cidr", "10.40.4.0/24", "vlan", strconv.Itoa(stray.vlan(0).ID), "gateway_ip", "10.40.4.254", "allow_dns", "false"), nil))
	require.NoError(t, s.post("ipranges/", "", form("type", "reserved", "start_ip", "10.40.2.20", "end_ip", "10.40.2.29", "comment", rangeComment), nil))
	require.NoError(t, s.post("ipranges/", "", form("type", "reserved", "start_ip", "10.40.2.30", "end_ip", "10.40.2.39", "comment", "a person's"), nil))
	r.siteTwice(r.driver.CreateNetworkTemplate)

	net, err := s.readNetworks()
	require.NoError(t, err)
	moved := net.subnet(prefix("10.40.4.0/24"))
	require.Equal(t, "data-bond", moved.VLAN.Fabric)
	require.Equal(t, 240, moved.VLAN.VID)
	require.Equal(t, 8900, moved.VLAN.MTU)
	var flags struct {
		AllowDNS bool `json:"allow_dns"`
	}
	require.NoError(t, s.get("subnets/"+strconv.Itoa(moved.ID)+"/", "", nil, &flags))
	require.False(t, flags.AllowDNS, "what the design does not speak of stays")
	pxe := net.subnet(prefix("10.40.2.0/24"))
	require.Equal(t, "pxe-link", pxe.VLAN.Fabric, "the discovered fabric got the link's name")
	require.True(t, pxe.VLAN.DHCPOn)
	require.NotEmpty(t, pxe.VLAN.PrimaryRack)
	require.Nil(t, net.fabric("bmc-link"), "noconfig links are left out")
	var ranges []ipRange
	require.NoError(t, s.get("ipranges/", "", nil, &ranges))
	var have []string
	for _, x := range ranges {
		have = append(have, x.Type+" "+x.Start)
	}
	require.ElementsMatch(t, []string{"dynamic 10.40.2.100", "reserved 10.40.2.2", "reserved 10.40.2.30"}, have)
}

func TestDHCPIsRelayedToTheRackControllerOfTheDesign(t *testing.T) {
	site := testSite()
	mgmt := site.Network("mgmt")
	r := newRegion(t, site, nil)
	s := r.admin("")
	var racks []machine
	require.NoError(t, s.get("rackcontrollers/", "", nil, &racks))
	upstream := ""
	for _, i := range racks[0].Interfaces {
		for _, l := range i.Links {
			if l.Address != "" {
				upstream = l.Address
			}
		}
	}
	require.NotEmpty(t, upstream)
	mgmt.DHCPRelay = &design.DHCPRelay{UpstreamTarget: upstream}
	r.siteTwice(r.driver.CreateNetworkTemplate)
	net, err := s.readNetworks()
	require.NoError(t, err)
	relay := net.subnet(mgmt.CIDR).VLAN.Relay
	require.NotNil(t, relay)
	require.Equal(t, net.subnet(prefix("10.40.2.0/24")).VLAN.ID, relay.ID)

	mgmt.DHCPRelay.UpstreamTarget = "10.99.0.1"
	_, err = r.driver.CreateNetworkTemplate(context.Background(), r.siteCall())
	require.Contains(t, classed(t, err, drivers.Conflict).Error(), "10.99.0.1")
}

func TestServicesAreValid(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	report, err := r.driver.ValidateNodeServices(context.Background(), r.siteCall())
	require.NoError(t, err)
	require.Contains(t, strings.Join(report.Messages, " "), "3.4")

	r.site.Nodes[0].Platform.Kernel = "hwe-99.04"
	report, err = r.driver.ValidateNodeServices(context.Background(), r.siteCall())
	require.NoError(t, err)
	require.Contains(t, strings.Join(report.Messages, " "), "ubuntu/jammy with kernel hwe-99.04")
	call := r.siteCall()
	call.RequireImages = true
	_, err = r.driver.ValidateNodeServices(context.Background(), call)
	require.Contains(t, classed(t, err, drivers.NotFound).Error(), "hwe-99.04")
}

func TestAPlainUserIsNoAdministrator(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	d, err := New(Config{URL: r.url, APIKey: design.Secret(r.maas.AddUser("plain", false))})
	require.NoError(t, err)
	_, err = d.ValidateNodeServices(context.Background(), r.siteCall())
	require.Contains(t, classed(t, err, drivers.AuthFailed).Error(), "plain")
}

func TestNoConnectedRackControllerIsReported(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.maas.SetRackConnected(false)
	_, err := r.driver.ValidateNodeServices(context.Background(), r.siteCall())
	classed(t, err, drivers.Unreachable)
}

func TestMissingImagesAreSelectedImportedAndWaitedFor(t *testing.T) {
	site := testSite()
	w := world.New(site, world.Options{Seed: 1, Speed: 20000})
	srv := simulated.New(w, simulated.Options{Seed: 1, Images: []string{"ubuntu/focal"}, ImportTime: 10 * time.Minute})
	web := httptest.NewServer(srv)
	t.Cleanup(func() { web.Close(); srv.Close(); w.Close() })
	d, err := New(Config{URL: web.URL + "/MAAS", APIKey: design.Secret(srv.APIKey()), PollInterval: time.Millisecond})
	require.NoError(t, err)
	call := drivers.SiteCall{Site: site, Nodes: site.Nodes, Journal: newMemory()}
	_, err = d.CreateBootMedia(context.Background(), call)
	e := classed(t, err, drivers.NotReady)
	require.Contains(t, e.Progress, "jammy")
	require.Equal(t, time.Millisecond, e.After)
	var report drivers.Report
	require.Eventually(t, func() bool {
		report, err = d.CreateBootMedia(context.Background(), call)
		return err == nil
	}, waitFor, tick)
	require.Equal(t, drivers.Changed, report.Outcome)
}

func TestDisksOfMachinesOfBothBootModesAreLaidOut(t *testing.T) {
	for sentence, test := range map[string]struct {
		mode   string
		change func(*design.Node)
		parts  int // of the boot disk
	}{
		"a UEFI machine gets an EFI system partition": {"uefi", func(*design.Node) {}, 5},
		"a BIOS machine gets none":                    {"bios", func(*design.Node) {}, 4},
		"a designed EFI system partition is not made twice": {"uefi", func(n *design.Node) {
			n.Storage.Devices[1].Partitions[1].Filesystem = &design.Filesystem{MountPoint: "/boot/efi", Type: "fat32"}
		}, 4},
		"a UEFI boot disk for LVM as a whole is split": {"uefi", lvmRoot, 2},
		"a partition can be a physical volume beside the file systems": {"bios", func(n *design.Node) {
			p := &n.Storage.Devices[1].Partitions[3]
			p.Filesystem, p.VolumeGroup = nil, "bulk"
		}, 4},
	} {
		t.Run(sentence, func(t *testing.T) {
			site := testSite()
			profile := *site.HardwareProfiles[0]
			profile.BootMode = test.mode
			node := site.Node("harbor-n1")
			node.HardwareProfile = &profile
			test.change(node)
			r := newRegion(t, site, nil)
			r.ready("harbor-n1", false)
			r.twice("harbor-n1", r.driver.ApplyNodeStorage)
			m, err := r.admin("").machineByID(r.build["harbor-n1"].Provisioner.ID)
			require.NoError(t, err)
			require.Len(t, m.BootDisk.Partitions, test.parts)
		})
	}
}

// lvmRoot puts everything on one disk that is a physical volume as a whole.
func lvmRoot(n *design.Node) {
	n.Storage = design.Storage{
		Devices: []design.Device{{Name: "os_disk", VolumeGroup: "sys"}},
		VolumeGroups: []design.VolumeGroup{{Name: "sys", LogicalVolumes: []design.LogicalVolume{
			{Name: "root", Size: gib(40, "40gi"), Filesystem: &design.Filesystem{MountPoint: "/", Type: "ext4"}},
			{Name: "data", Size: design.Size{Text: ">10gi", Bytes: 10 << 30, AtLeast: true}},
		}}},
	}
}

func TestDHCPOfANetworkWithoutARackControllerIsServedByTheOnlyOneThereIs(t *testing.T) {
	site := testSite()
	site.Network("mgmt").Ranges = []design.Range{{Type: design.RangeDHCP, Start: netip.MustParseAddr("10.40.3.100"), End: netip.MustParseAddr("10.40.3.199")}}
	r := newRegion(t, site, nil)
	report, err := r.driver.CreateNetworkTemplate(context.Background(), r.siteCall())
	require.NoError(t, err)
	require.Contains(t, strings.Join(report.Messages, " "), "DHCP was turned on for network mgmt", "the only rack controller is the one that can serve")
}
