package design

import (
	"regexp"
	"sort"
)

// The shapes of the eight kinds. A shape that stands for text refuses numbers and booleans: what a design means by
// "vlan: 0100" or "version: 1.10" depends on the reader, so the design has to quote it.
var (
	aText    = &shape{kind: isText}
	aNumber  = &shape{kind: isNumber}
	aFlag    = &shape{kind: isFlag}
	aScalar  = &shape{kind: isScalar}
	anything = &shape{kind: isAny}
	aName    = &shape{kind: isText, unset: true} // a scalar that a child may unset

	textList = listOf(aText)
	labelMap = &shape{kind: isTable, item: aScalar}
)

func listOf(item *shape) *shape     { return &shape{kind: isList, item: item} }
func tableOf(item *shape) *shape    { return &shape{kind: isTable, item: item} }
func oneOf(values ...string) *shape { return &shape{kind: isText, enum: values} }
func object(f map[string]*shape, required ...string) *shape {
	return &shape{kind: isObject, fields: f, required: required}
}

var kinds = map[string]*shape{
	KindRegion:          regionShape,
	KindRack:            rackShape,
	KindNetworkLink:     linkShape,
	KindNetwork:         networkShape,
	KindHardwareProfile: hardwareShape,
	KindHostProfile:     hostShape(false),
	KindBaremetalNode:   hostShape(true),
	KindBootAction:      bootActionShape,
}

func kindNames() []string {
	names := make([]string, 0, len(kinds))
	for k := range kinds {
		names = append(names, k)
	}
	sort.Strings(names)
	return names
}

var regionShape = object(map[string]*shape{
	"tag_definitions": listOf(object(map[string]*shape{
		"tag": aText, "definition_type": oneOf("lshw_xpath"), "definition": aText,
	}, "tag", "definition")),
	"authorized_keys": textList,
	"repositories": {kind: isObject, fields: map[string]*shape{"remove_unlisted": aFlag}, open: object(map[string]*shape{
		"repo_type": oneOf("apt", "rpm"), "url": aText, "distributions": textList, "subrepos": textList,
		"components": textList, "gpgkey": aText, "arches": textList, "options": labelMap,
	}, "repo_type", "url")},
})

var rackShape = object(map[string]*shape{
	"tor_switches": tableOf(anything), "location": labelMap,
	"local_networks": textList, "labels": labelMap,
})

var linkShape = object(map[string]*shape{
	"bonding": object(map[string]*shape{
		"mode": oneOf(BondDisabled, Bond8023AD, BondActiveBackup, BondBalanceRR),
		"hash": aText, "peer_rate": aText, "mon_rate": aNumber, "up_delay": aNumber, "down_delay": aNumber,
	}),
	"mtu": aNumber, "linkspeed": aText,
	"trunking":         object(map[string]*shape{"mode": oneOf("disabled", "802.1q"), "default_network": aText}),
	"allowed_networks": textList, "labels": labelMap,
}, "allowed_networks")

var networkShape = object(map[string]*shape{
	"cidr": aText,
	"vlan": {kind: isText, pattern: regexp.MustCompile(`^[0-9]+$`), means: "a string of digits"},
	"mtu":  aNumber,
	"dns":  object(map[string]*shape{"domain": aText, "servers": aText}),
	"ranges": listOf(object(map[string]*shape{
		"type": oneOf(RangeStatic, RangeDHCP, RangeReserved), "start": aText, "end": aText,
	}, "type", "start", "end")),
	"routes": listOf(object(map[string]*shape{
		"subnet": aText, "gateway": aText, "metric": aNumber, "routedomain": aText,
	})),
	"routedomain": aText, "labels": labelMap,
	"dhcp_relay": object(map[string]*shape{"self_ip": aText, "upstream_target": aText}),
}, "cidr")

var hardwareShape = object(map[string]*shape{
	"vendor": aText, "generation": aText, "hw_version": aText, "bios_version": aText,
	"boot_mode": oneOf("bios", "uefi"), "bootstrap_protocol": oneOf("pxe", "usb", "hdd"), "pxe_interface": aNumber,
	"device_aliases": tableOf(&shape{kind: isObject, open: anything}),
	"cpu_sets":       tableOf(aText),
	"hugepages":      tableOf(object(map[string]*shape{"size": aText, "count": aNumber})),
})

// hostShape is that of host profiles and nodes, which share everything but the addresses.
func hostShape(node bool) *shape {
	filesystem := object(map[string]*shape{
		"mountpoint": aText, "fstype": aText, "mount_options": aText, "fs_uuid": aText, "fs_label": aText,
	})
	partition := object(map[string]*shape{
		"name": aText, "size": aText, "bootable": aFlag, "part_uuid": aText, "volume_group": aName,
		"labels": labelMap, "filesystem": filesystem,
	}, "name")
	volume := object(map[string]*shape{"name": aText, "size": aText, "lv_uuid": aText, "filesystem": filesystem}, "name")
	out := object(map[string]*shape{
		"host_profile": aText, "hardware_profile": aName, "primary_network": aName,
		"oob": {kind: isObject, open: aScalar, fields: map[string]*shape{
			"type":    {kind: isText, enum: []string{OOBIPMI, OOBRedfish, OOBLibvirt, OOBManual}, unset: true},
			"network": aText, "account": aText, "credential": {kind: isText, secret: true}, "libvirt_uri": aText,
		}},
		"interfaces": tableOf(&shape{kind: isObject, open: anything, null: true, fields: map[string]*shape{
			"device_link": aName, "slaves": textList, "networks": textList,
			"sriov": object(map[string]*shape{"vf_count": aNumber, "trustmode": aFlag, "trustedmode": aFlag}),
		}}),
		"storage": object(map[string]*shape{
			"physical_devices": tableOf(object(map[string]*shape{
				"labels": labelMap, "volume_group": aName, "partitions": listOf(partition),
			})),
			"volume_groups": tableOf(object(map[string]*shape{"vg_uuid": aText, "logical_volumes": listOf(volume)})),
		}),
		"platform": object(map[string]*shape{
			"image": aName, "kernel": aName, "kernel_params": tableOf(aScalar),
		}),
		"metadata": object(map[string]*shape{
			"tags": textList, "owner_data": labelMap, "rack": aName, "boot_mac": aText,
		}),
	})
	if node {
		out.fields["addressing"] = &shape{kind: isList, nonEmpty: true,
			item: object(map[string]*shape{"network": aText, "address": aText}, "network", "address")}
		out.required = []string{"addressing"}
	}
	return out
}

var bootActionShape = object(map[string]*shape{
	"signaling": aFlag,
	"node_filter": object(map[string]*shape{
		"filter_set_type": oneOf(FilterUnion, FilterIntersection),
		"filter_set": listOf(object(map[string]*shape{
			"filter_type": oneOf(FilterUnion, FilterIntersection), "node_names": textList, "node_tags": textList,
			"node_labels": labelMap, "rack_names": textList, "rack_labels": labelMap,
		})),
	}),
	"assets": listOf(object(map[string]*shape{
		"type":        oneOf(AssetUnit, AssetFile, AssetPackages),
		"path":        {kind: isText, pattern: regexp.MustCompile(`^/.+`), means: "an absolute path"},
		"permissions": {kind: isText, pattern: regexp.MustCompile(`^[0-7]{3,4}$`), means: "three octal digits in quotes, such as '640'"},
		"data":        anything,
		"location":    aText, "location_pipeline": listOf(oneOf("template")),
		"data_pipeline": listOf(oneOf("base64_encode", "base64_decode", "utf8_encode", "utf8_decode", "template")),
	}, "type")),
})
