package design_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
)

// inherited compiles a node over a profile.
func inherited(t *testing.T, parent, child string) *design.Node {
	t.Helper()
	site := compile(t, document("HostProfile", "p", "  hardware_profile: h\n"+parent)+document("HardwareProfile", "h", "  {}")+document("HardwareProfile", "h2", "  {}")+
		document("BaremetalNode", "n1", "  host_profile: p\n  addressing: [{network: n, address: dhcp}]\n"+child))
	return site.Node("n1")
}

func TestAChildIsLaidOverItsParent(t *testing.T) {
	t.Run("scalars are inherited, replaced, and unset", func(t *testing.T) {
		parent := "  primary_network: a\n  platform: {image: jammy, kernel: ga-22.04}\n  metadata: {rack: r1}"
		n := inherited(t, parent, "  hardware_profile: h2\n  platform: {kernel: '!'}")
		assert.Equal(t, "h2", n.HardwareProfile.Name)
		assert.Equal(t, "a", n.PrimaryNetwork)
		assert.Equal(t, "jammy", n.Platform.Image)
		assert.Empty(t, n.Platform.Kernel)
		assert.Equal(t, "r1", n.Rack)
		n = inherited(t, parent, "  primary_network: -1\n  metadata: {rack: '!'}")
		assert.Empty(t, n.PrimaryNetwork)
		assert.Empty(t, n.Rack)
	})
	t.Run("maps merge key by key", func(t *testing.T) {
		n := inherited(t, "  oob: {type: ipmi, account: a, network: b, port: 1, path: x}\n  metadata: {owner_data: {a: 1, b: 2, c: -1}}",
			"  oob: {account: z, '!path': ''}\n  metadata: {owner_data: {b: 3, d: 4, '!a': '', e: -1}}")
		assert.Equal(t, design.OOB{Type: "ipmi", Account: "z", Network: "b", Parameters: map[string]string{"port": "1"}}, n.OOB)
		assert.Equal(t, map[string]string{"b": "3", "c": "-1", "d": "4", "e": "-1"}, n.OwnerData, "-1 is a value in a map")
	})
	t.Run("the type of the controller can be unset", func(t *testing.T) {
		assert.Empty(t, inherited(t, "  oob: {type: ipmi}", "  oob: {type: '!'}").OOB.Type)
	})
	t.Run("lists of text have the child's members first", func(t *testing.T) {
		n := inherited(t, "  metadata: {tags: [a, b, c]}\n  interfaces: {e: {slaves: [x, y], networks: [m, n]}}",
			"  metadata: {tags: [z, '!b', c]}\n  interfaces: {e: {networks: ['!m'], slaves: [y]}}")
		assert.Equal(t, []string{"z", "c", "a"}, n.Tags)
		assert.Equal(t, []string{"n"}, n.Interfaces[0].Networks)
		assert.Equal(t, []string{"y", "x"}, n.Interfaces[0].Slaves)
	})
	t.Run("interfaces are merged, removed and added", func(t *testing.T) {
		n := inherited(t, "  interfaces: {a: {device_link: l, sriov: {vf_count: 2}}, b: {device_link: l}, c: {device_link: l}}",
			"  interfaces: {a: {device_link: k}, '!b': {}, d: {device_link: m}}")
		var got []string
		for _, i := range n.Interfaces {
			got = append(got, i.Name+"="+i.LinkName)
		}
		assert.Equal(t, []string{"a=k", "c=l", "d=m"}, got)
		assert.Equal(t, 2, n.Interfaces[0].SRIOV.VFCount, "a merged interface keeps its virtual functions")
	})
	t.Run("disks keep what the child does not mention", func(t *testing.T) {
		n := inherited(t, `  storage:
    physical_devices:
      a: {labels: {bootdrive: true}, partitions: [{name: one, size: 1g}, {name: two, size: 2g, filesystem: {mountpoint: /two}}, {name: three, size: 3g}]}
      b: {volume_group: g}
      c: {partitions: [{name: x, size: 1g}]}
    volume_groups:
      g: {logical_volumes: [{name: v, size: 1g}, {name: w, size: 2g}]}
      h: {logical_volumes: [{name: y, size: 1g}]}`, `  storage:
    physical_devices:
      a: {partitions: [{name: two, filesystem: {fstype: xfs}}, {name: '!three'}, {name: four, size: 4g}]}
      '!c': {}
    volume_groups:
      g: {logical_volumes: [{name: w, size: 3g}]}`)
		require.Len(t, n.Storage.Devices, 2)
		a := n.Storage.Devices[0]
		assert.True(t, a.BootDrive())
		var names []string
		for _, p := range a.Partitions {
			names = append(names, p.Name+" "+p.Size.Text)
		}
		assert.Equal(t, []string{"one 1g", "two 2g", "four 4g"}, names)
		assert.Equal(t, "/two", a.Partitions[1].Filesystem.MountPoint)
		assert.Equal(t, "xfs", a.Partitions[1].Filesystem.Type)
		require.Len(t, n.Storage.VolumeGroups, 2)
		assert.Equal(t, []design.LogicalVolume{
			{Name: "v", Size: design.Size{Text: "1g", Bytes: 1e9}}, {Name: "w", Size: design.Size{Text: "3g", Bytes: 3e9}},
		}, n.Storage.VolumeGroups[0].LogicalVolumes)
	})
	t.Run("null removes an interface", func(t *testing.T) {
		n := inherited(t, "  interfaces: {a: {device_link: l}, b: {device_link: l}}", "  interfaces: {a: null, c: {device_link: m}}")
		require.Len(t, n.Interfaces, 2)
		assert.Equal(t, []string{"b", "c"}, []string{n.Interfaces[0].Name, n.Interfaces[1].Name})
	})
	t.Run("null leaves a scalar as it is inherited", func(t *testing.T) {
		docs, _ := design.Parse(source(document("HostProfile", "p", "  primary_network: a\n  platform: {image: jammy}") +
			document("BaremetalNode", "n", "  host_profile: p\n  primary_network: null\n  platform: {image: ~}\n  addressing: [{network: n, address: dhcp}]")))
		site, _ := design.Compile(docs)
		assert.Equal(t, "a", site.Nodes[0].PrimaryNetwork)
		assert.Equal(t, "jammy", site.Nodes[0].Platform.Image)
	})
	t.Run("virtual functions are merged field by field, in either spelling", func(t *testing.T) {
		for _, spellings := range [][2]string{{"trustmode", "trustmode"}, {"trustmode", "trustedmode"}, {"trustedmode", "trustmode"}, {"trustedmode", "trustedmode"}} {
			n := inherited(t, "  interfaces: {a: {sriov: {vf_count: 8, "+spellings[0]+": false}}}", "  interfaces: {a: {sriov: {"+spellings[1]+": true}}}")
			assert.Equal(t, &design.SRIOV{VFCount: 8, TrustMode: true}, n.Interfaces[0].SRIOV, spellings)
			n = inherited(t, "  interfaces: {a: {sriov: {vf_count: 8, "+spellings[0]+": true}}}", "  interfaces: {a: {sriov: {"+spellings[1]+": false, vf_count: 4}}}")
			assert.Equal(t, &design.SRIOV{VFCount: 4}, n.Interfaces[0].SRIOV, spellings)
			n = inherited(t, "  interfaces: {a: {sriov: {vf_count: 8, "+spellings[0]+": true}}}", "  interfaces: {a: {sriov: {vf_count: 4}}}")
			assert.Equal(t, &design.SRIOV{VFCount: 4, TrustMode: true}, n.Interfaces[0].SRIOV, spellings)
		}
	})
	t.Run("a node adds a disk, a partition and a logical volume", func(t *testing.T) {
		n := inherited(t, "  storage: {physical_devices: {a: {partitions: [{name: x, size: 1g}]}, b: {volume_group: g}}, volume_groups: {g: {vg_uuid: u, logical_volumes: [{name: v, size: 1g}]}}}",
			"  storage: {physical_devices: {a: {partitions: [{name: y, size: 2g}]}, c: {volume_group: g}}, volume_groups: {g: {logical_volumes: [{name: w, size: 2g}]}}}")
		require.Len(t, n.Storage.Devices, 3)
		assert.Len(t, n.Storage.Devices[0].Partitions, 2)
		assert.Equal(t, "g", n.Storage.Devices[1].VolumeGroup)
		assert.Equal(t, "g", n.Storage.Devices[2].VolumeGroup)
		assert.Equal(t, "u", n.Storage.VolumeGroups[0].UUID)
		assert.Len(t, n.Storage.VolumeGroups[0].LogicalVolumes, 2)
	})
	t.Run("a partition can be a physical volume", func(t *testing.T) {
		n := inherited(t, "  storage: {physical_devices: {a: {partitions: [{name: x, size: 1g}, {name: pv, size: 90%, volume_group: g}]}}}",
			"  storage: {volume_groups: {g: {logical_volumes: [{name: v, size: 1g}]}}}")
		assert.Equal(t, "g", n.Storage.Devices[0].Partitions[1].VolumeGroup)
		assert.Len(t, n.Storage.VolumeGroups, 1)
	})
	t.Run("disks may be given by the child alone", func(t *testing.T) {
		n := inherited(t, "  metadata: {tags: [x]}", "  storage: {physical_devices: {a: {partitions: [{name: x, size: 1g}]}}, volume_groups: {g: {logical_volumes: [{name: v, size: 1g}]}}}")
		assert.Len(t, n.Storage.Devices, 1)
		assert.Len(t, n.Storage.VolumeGroups, 1)
	})
	t.Run("a disk can change from a volume group to partitions", func(t *testing.T) {
		n := inherited(t, "  storage: {physical_devices: {a: {volume_group: g}}}", "  storage: {physical_devices: {a: {volume_group: '!', partitions: [{name: x, size: 1g, volume_group: g}]}}}")
		assert.Empty(t, n.Storage.Devices[0].VolumeGroup)
		assert.Equal(t, "g", n.Storage.Devices[0].Partitions[0].VolumeGroup)
	})
	t.Run("kernel parameters are sorted, wherever they come from", func(t *testing.T) {
		n := inherited(t, "  platform: {kernel_params: {m: 1, z: 2, k: 3}}", "  platform: {kernel_params: {b: 1, a: 2, z: 9, '!k': ''}}")
		assert.Equal(t, "a=2 b=1 m=1 z=9", n.Platform.KernelCommandLine())
	})
	t.Run("addresses and the boot MAC are the node's own", func(t *testing.T) {
		n := inherited(t, "  metadata: {boot_mac: '52:54:00:00:00:01'}", "  metadata: {tags: [x]}")
		assert.Empty(t, n.BootMAC)
	})
}

func TestARemovalInTheMiddleOfAChainHolds(t *testing.T) {
	site := compile(t, document("HardwareProfile", "h", "  {}")+
		document("HostProfile", "top", "  hardware_profile: h\n  metadata: {tags: [a, b]}")+
		document("HostProfile", "middle", "  host_profile: top\n  metadata: {tags: ['!a', c]}")+
		document("BaremetalNode", "n1", "  host_profile: middle\n  addressing: [{network: n, address: dhcp}]\n  metadata: {tags: [d]}"))
	assert.Equal(t, []string{"d", "c", "b"}, site.Node("n1").Tags)
}

func TestLocateFindsTheDocumentThatAValueComesFrom(t *testing.T) {
	docs, _ := design.Parse(design.Source{Name: "lab.yaml", Data: testdata(t, "harbor-lab.yaml")})
	place := docs.Locate(design.KindBaremetalNode, "harbor-n2", "interfaces", "bond0", "networks", 0)
	assert.Equal(t, "HostProfile base", place.Subject())
	assert.Equal(t, "data.interfaces.bond0.networks[0]", place.Path)
	assert.Positive(t, place.Line)
	place = docs.Locate(design.KindBaremetalNode, "harbor-n2", "platform", "kernel_params", "isolcpus")
	assert.Equal(t, "HostProfile worker", place.Subject())
	place = docs.Locate(design.KindBaremetalNode, "harbor-n2", "nothing", "of", "this")
	assert.Equal(t, "metadata.name", place.Path)
	assert.Empty(t, docs.Locate(design.KindNetwork, "none", "cidr").File)
	assert.Empty(t, docs.Written(design.KindBaremetalNode, "harbor-n1", "oob", "credential"))
	assert.Equal(t, "provisioner", docs.Written(design.KindBaremetalNode, "harbor-n1", "oob", "account"))
}

func TestNodesShareWhatTheyInherit(t *testing.T) {
	docs, _ := design.Parse(source(string(testdata(t, "harbor-lab.yaml"))))
	site, _ := design.Compile(docs)
	a, b := site.Node("harbor-n1"), site.Node("harbor-n2")
	assert.Same(t, &a.Storage.Devices[0], &b.Storage.Devices[0], "both nodes have the disks of one profile")
	assert.NotSame(t, &a.Interfaces[0], &b.Interfaces[0], "one has interfaces of its own")
}

func TestLargeMappingsMergeLikeSmallOnes(t *testing.T) {
	var parent, child, want []string
	for i := range 100 {
		parent = append(parent, fmt.Sprintf("k%03d: p", i))
		switch i % 4 {
		case 0:
			child = append(child, fmt.Sprintf("'!k%03d': ''", i))
			continue
		case 1:
			child = append(child, fmt.Sprintf("k%03d: c", i))
			want = append(want, fmt.Sprintf("k%03d=c", i))
			continue
		}
		want = append(want, fmt.Sprintf("k%03d=p", i))
	}
	n := inherited(t, "  platform: {kernel_params: {"+strings.Join(parent, ", ")+"}}", "  platform: {kernel_params: {new: c, "+strings.Join(child, ", ")+"}}")
	assert.Equal(t, append(want, "new=c"), n.Platform.KernelParams)
}
