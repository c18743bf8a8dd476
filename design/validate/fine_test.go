package validate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
)

// What looks wrong at first sight and is right: the message of no rule may change for it.
func TestWhatTheTableCallsFineIsNotSpokenOf(t *testing.T) {
	example := testdata(t, "harbor-lab.yaml")
	before := texts(load(example).Messages)
	for name, edits := range map[string][]string{
		"an active-backup bond": {bond, "{mode: active-backup}"},
		"a balance-rr bond":     {bond, "{mode: balance-rr, mon_rate: 100, up_delay: 100, down_delay: 100}"},
		"two groups of 60 % each": {
			bulkDisk, bulkDisk + "\n      more_disk: {volume_group: more}",
			"      bulk:\n", "      more: {logical_volumes: [{name: more, size: 60%}]}\n      bulk:\n"},
		"a package version without a Debian revision": {"lldpd: 1.0.13-1", "lldpd: 1.0.13"},
		"the NIC of a PXE link labelled noconfig is also in a bond": {
			"slaves: [boot_nic], networks: [pxe]", "slaves: [data_a], networks: [pxe]",
			"  linkspeed: auto", "  labels: {noconfig: enabled}\n  linkspeed: auto"},
		"the NIC of a PXE interface labelled noconfig is also in a bond": {
			"slaves: [boot_nic], networks: [pxe]", "slaves: [data_a], networks: [pxe], labels: {noconfig: 'true'}"},
		"a network of two addresses has neither network nor broadcast address": {
			"cidr: 10.40.3.0/24\n  ranges: [{type: static, start: 10.40.3.10, end: 10.40.3.99}]\n  routes: [{subnet: 0.0.0.0/0, gateway: 10.40.3.1, metric: 10}]", "cidr: 10.40.3.10/31",
			"address: 10.40.3.11", "address: 10.40.3.10", "address: 10.40.3.12", "address: 10.40.3.11"},
	} {
		t.Run(name, func(t *testing.T) {
			text := example
			for i := 0; i < len(edits); i += 2 {
				require.Contains(t, text, edits[i])
				text = strings.ReplaceAll(text, edits[i], edits[i+1])
			}
			assert.Equal(t, before, texts(load(text).Messages))
		})
	}
	t.Run("without the label the shared NIC is an error", func(t *testing.T) {
		text := strings.ReplaceAll(example, "slaves: [boot_nic], networks: [pxe]", "slaves: [data_a], networks: [pxe]")
		assert.Len(t, of(load(text).Messages.Errors(), slaveRationality.Slug), 1)
	})
}

func texts(messages design.Messages) []string {
	out := []string{}
	for _, m := range messages {
		out = append(out, string(m.Level)+" "+m.Text)
	}
	return out
}

func TestImagesAndKernelsAreNeverSilentlyUnchecked(t *testing.T) {
	found := of(load(testdata(t, "harbor-lab.yaml")).Messages, platformSelection.Slug)
	require.Len(t, found, 1)
	assert.Equal(t, "DD3001", found[0].Code)
	assert.Equal(t, design.LevelInfo, found[0].Level)
	assert.Contains(t, found[0].Text, "no bootstrapper at hand")
}

func TestWhatTheBootstrapperLacksIsAnErrorWhereItIsNamed(t *testing.T) {
	text := testdata(t, "harbor-lab.yaml")
	result := load(text)
	require.Empty(t, result.AtSite(Images{}).Messages.Errors(), "nothing is missing")
	assert.Empty(t, of(result.AtSite(Images{}).Messages, platformSelection.Slug), "and nothing was left unchecked")

	kernel := of(result.AtSite(Images{
		Missing: []design.Platform{{Image: "jammy", Kernel: "ga-22.04"}}, Available: []string{"jammy with kernel hwe-22.04"},
	}).Messages, platformSelection.Slug)
	require.Len(t, kernel, 1, "once, at the profile that both nodes share")
	assert.Equal(t, "DD3001", kernel[0].Code)
	assert.Equal(t, design.LevelError, kernel[0].Level)
	assert.Equal(t, `HostProfile base: kernel "ga-22.04" is not among those of image jammy at the bootstrapper`, kernel[0].Text)
	assert.Equal(t, "data.platform.kernel", kernel[0].Path)
	assert.Contains(t, kernel[0].Hint, "jammy with kernel hwe-22.04")

	other := load(strings.Replace(text, "  addressing:\n    - {network: bmc, address: 10.40.1.11}", "  platform: {image: noble}\n  addressing:\n    - {network: bmc, address: 10.40.1.11}", 1))
	image := of(other.AtSite(Images{Missing: []design.Platform{{Image: "noble"}}}).Messages, platformSelection.Slug)
	require.Len(t, image, 1)
	assert.Equal(t, `BaremetalNode harbor-n1: image "noble" is not at the bootstrapper`, image[0].Text)
	assert.Contains(t, image[0].Hint, "prepare-site")
}

func TestAFaultOfASharedProfileIsReportedOnceAtTheProfile(t *testing.T) {
	example := testdata(t, "harbor-lab.yaml")
	for name, c := range map[string]struct{ rule, old, subject, within string }{
		"no image":          {platformSelection.Slug, "    image: jammy\n    kernel: ga-22.04\n    kernel_params: {console: 'ttyS0,115200n8', quiet: true}\n", "HostProfile base", "no image"},
		"no kernel":         {platformSelection.Slug, "    kernel: ga-22.04\n", "HostProfile base", "no kernel"},
		"no oob":            {controllerConfiguration.Slug, "  oob: {type: redfish, network: bmc, account: provisioner, credential: not-a-real-secret}\n", "HostProfile base", "no oob.type"},
		"no hardware":       {hardwareProfile.Slug, "  hardware_profile: pizza-box\n", "HostProfile base", "no hardware profile"},
		"no primary":        {primaryNetwork.Slug, "  primary_network: mgmt\n", "HostProfile base", "no primary network is given"},
		"no root partition": {bootStorage.Slug, "          - {name: root, size: 40g, bootable: true, filesystem: {mountpoint: /, fstype: ext4}}\n", "HostProfile base", "no partition is named root"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, example, c.old)
			var found []string
			for _, m := range of(load(strings.Replace(example, c.old, "", 1)).Messages, c.rule) {
				if m.Level != design.LevelInfo && strings.Contains(m.Text, c.within) {
					found = append(found, m.Text)
				}
			}
			require.Len(t, found, 1)
			assert.True(t, strings.HasPrefix(found[0], c.subject+": "), found[0])
		})
	}
	t.Run("a node that alone lacks it is at fault itself", func(t *testing.T) {
		text := strings.Replace(example, "  addressing:\n    - {network: bmc, address: 10.40.1.11}", "  platform: {image: '!'}\n  addressing:\n    - {network: bmc, address: 10.40.1.11}", 1)
		found := of(load(text).Messages.Errors(), platformSelection.Slug)
		require.Len(t, found, 1)
		assert.True(t, strings.HasPrefix(found[0].Text, "BaremetalNode harbor-n1: "), found[0].Text)
	})
}

func TestEveryDuplicateMountPointOfEveryNodeIsReported(t *testing.T) {
	disk := "\n  storage: {physical_devices: {sda: {partitions: [{name: a, size: 1g, filesystem: {mountpoint: /var}}, {name: b, size: 1g, filesystem: {mountpoint: /boot}}]}}}"
	text := testdata(t, "harbor-lab.yaml")
	for _, node := range []string{"name: harbor-n1", "name: harbor-n2"} {
		text = strings.Replace(text, node+", storagePolicy: cleartext}\ndata:", node+", storagePolicy: cleartext}\ndata:"+disk, 1)
	}
	assert.Len(t, of(load(text).Messages.Errors(), storageMountpoint.Slug), 4)
}

func TestADanglingReferenceNamesWhatWasMostLikelyMeant(t *testing.T) {
	for name, c := range map[string][3]string{
		"a default network":         {"default_network: mgmt", "default_network: mgmnt", "did you mean mgmt?"},
		"a network of an interface": {"slaves: [boot_nic], networks: [pxe]", "slaves: [boot_nic], networks: [pxee]", "did you mean pxe?"},
		"an address":                {"{network: mgmt, address: 10.40.3.12}", "{network: mgm, address: 10.40.3.12}", "did you mean mgmt?"},
		"a link":                    {"device_link: pxe-link", "device_link: pxe-lnk", "did you mean pxe-link?"},
		"a link that none is like":  {"device_link: pxe-link", "device_link: nothing-like-it", "known are bmc-link, data-bond, pxe-link"},
		"a host profile":            {"host_profile: worker", "host_profile: workr", "did you mean worker?"},
	} {
		t.Run(name, func(t *testing.T) {
			var hints []string
			for _, m := range load(strings.ReplaceAll(testdata(t, "harbor-lab.yaml"), c[0], c[1])).Messages.Errors() {
				hints = append(hints, m.Hint)
			}
			assert.Contains(t, hints, c[2])
		})
	}
}
