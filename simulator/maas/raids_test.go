package maas_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// bare is a machine with five free disks, all of the size given, in bytes, and their ids.
func bare(t *testing.T, size string) (r *rig, id string, disks []string) {
	r = still(t)
	id = r.maas.Prepare("n1")
	require.Equal(t, 200, r.post("machines/"+id+"/?op=set_storage_layout", "storage_layout", "blank").status)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		a := r.post("nodes/"+id+"/blockdevices/", "name", "disk-"+name, "size", size, "block_size", "512", "id_path", "/dev/"+name)
		require.Equal(t, 200, a.status, a.text)
		disks = append(disks, num(a.object(t)["id"]))
	}
	return r, id, disks
}

func TestARAIDHasTheSizeOfItsLevel(t *testing.T) {
	// Of 1600321314816 bytes a real region gave each member 1600311525376 in a partition, and the array 128 KiB less.
	tests := []struct {
		name, level     string
		members, spares int
		size            string // as it is written
		refusal         string
	}{
		{"striping adds up", "raid-0", 2, 0, "3200622788608", ""},
		{"mirroring gives the smallest", "raid-1", 2, 1, "1600311394304", ""},
		{"one parity costs a member", "raid-5", 3, 0, "3200622788608", ""},
		{"two parities cost two", "raid-6", 4, 1, "3200622788608", ""},
		{"level 10 gives half, as a float", "raid-10", 4, 0, "3200622788608.0", ""},
		{"mirroring needs two", "raid-1", 1, 0, "", "RAID level 1 must have at least 2 raid devices and any number of spares."},
		{"striping takes no spares", "raid-0", 2, 1, "", "RAID level 0 must have at least 2 raid devices and no spares."},
		{"nothing is no array", "raid-1", 0, 0, "", "At least one block device or partition must be added to the array."},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			r, id, disks := bare(t, "1600321314816")
			pairs := []string{"name", "md0", "level", x.level}
			for n, d := range disks[:x.members+x.spares] {
				pairs = append(pairs, map[bool]string{true: "block_devices", false: "spare_devices"}[n < x.members], d)
			}
			a := r.post("nodes/"+id+"/raids/", pairs...)
			if x.refusal != "" {
				require.Equal(t, 400, a.status)
				require.Contains(t, a.text, x.refusal)
				require.Equal(t, "[]", r.get("nodes/"+id+"/raids/").text)
				return
			}
			require.Equal(t, 200, a.status, a.text)
			require.Contains(t, a.text, `"size": `+x.size+",\n    \"spare_devices\"")
			require.Len(t, a.object(t)["devices"], x.members)
			require.Len(t, a.object(t)["spare_devices"], x.spares)
		})
	}
}

func TestARAIDHoldsItsPartsUntilItIsDeleted(t *testing.T) {
	r, id, disks := bare(t, "1600321314816")
	all := "nodes/" + id + "/raids/"
	pairs := []string{"name", "md0", "level", "raid-1", "block_devices", disks[0], "block_devices", disks[1]}
	raid := r.post(all, pairs...).object(t)
	require.Equal(t, 400, r.post(all, pairs...).status, "its parts are taken")
	disk := "nodes/" + id + "/blockdevices/" + disks[0] + "/"
	part := "nodes/" + id + "/blockdevices/" + disks[0] + "/partition/" + num(r.get(disk).object(t)["partitions"].([]any)[0].(map[string]any)["id"])
	require.Equal(t, "Active raid-1 device for md0", r.get(part).object(t)["used_for"])
	require.Equal(t, "Cannot delete partition because its part of a RAID.", r.do("DELETE", part, r.key, nil).text)
	require.Equal(t, 400, r.post(part+"?op=format", "fstype", "ext4").status)
	require.Equal(t, 400, r.post(part+"?op=mount", "mount_point", "/").status)

	device := "nodes/" + id + "/blockdevices/" + num(raid["virtual_device"].(map[string]any)["id"]) + "/"
	require.Equal(t, 200, r.post(device+"?op=format", "fstype", "ext4").status)
	require.Equal(t, 200, r.post(device+"?op=mount", "mount_point", "/").status)
	one := "nodes/" + id + "/raid/" + num(raid["id"]) + "/"
	require.Equal(t, "md1", r.put(one, "name", "md1").object(t)["virtual_device"].(map[string]any)["name"])
	require.Equal(t, 501, r.put(one, "add_block_devices", disks[2]).status)
	require.Len(t, r.machine(id)["raids"], 1)

	require.Equal(t, 204, r.do("DELETE", one, r.key, nil).status)
	require.Equal(t, 404, r.get(one).status)
	require.Equal(t, 404, r.get(device).status)
	require.Nil(t, r.get(part).object(t)["filesystem"])
	require.Equal(t, 204, r.do("DELETE", part, r.key, nil).status)
}

func TestABcacheIsACacheSetAndABackingDevice(t *testing.T) {
	r, id, disks := bare(t, "1600321314816")
	node := "nodes/" + id + "/"
	require.Equal(t, 400, r.post(node+"bcache-cache-sets/").status, "a cache set is of something")
	a := r.post(node+"bcache-cache-sets/", "cache_device", disks[0])
	require.Equal(t, 200, a.status, a.text)
	set := num(a.object(t)["id"])
	require.Equal(t, "Cache device for cache0", a.object(t)["cache_device"].(map[string]any)["used_for"])
	require.Contains(t, r.post(node+"bcaches/", "cache_set", set, "cache_mode", "none", "backing_device", disks[1]).text, "Select a valid choice. none")
	a = r.post(node+"bcaches/", "cache_set", set, "cache_mode", "writeback", "backing_device", disks[1])
	require.Equal(t, 200, a.status, a.text)
	bcache := a.object(t)
	require.Equal(t, "bcache0", bcache["name"])
	require.EqualValues(t, 1600321314816, bcache["size"], "a bcache takes nothing for itself")
	require.Equal(t, "Backing device for bcache0", bcache["backing_device"].(map[string]any)["used_for"])
	require.Equal(t, 400, r.do("DELETE", node+"bcache-cache-set/"+set+"/", r.key, nil).status, "a cache set in use stays")
	require.Equal(t, 204, r.do("DELETE", node+"bcache/"+num(bcache["id"])+"/", r.key, nil).status)
	require.Equal(t, 204, r.do("DELETE", node+"bcache-cache-set/"+set+"/", r.key, nil).status)
	require.Equal(t, "Unused", r.get(node + "blockdevices/" + disks[0] + "/").object(t)["used_for"])

	r.maas.SetStatus(id, 6)
	require.Equal(t, "Cannot create RAID because the machine is not Ready.", r.post(node+"raids/", "level", "raid-1").text)
	require.Equal(t, "Cannot create cache set because the machine is not Ready.", r.post(node+"bcache-cache-sets/").text)
}
