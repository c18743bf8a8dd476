package maas_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The numbers are those that a real region answered for disks of these sizes.
func TestSizesOfPartitionsAndVolumesAreThoseOfARealRegion(t *testing.T) {
	r := still(t)
	id := r.maas.Prepare("n1")
	a := r.post("nodes/"+id+"/blockdevices/", "name", "sdx", "size", "480103981056", "block_size", "512", "id_path", "/dev/sdx")
	require.Equal(t, 200, a.status, a.text)
	d := a.object(t)
	disk := "nodes/" + id + "/blockdevices/" + num(d["id"]) + "/"
	require.EqualValues(t, 480096813056, d["available_size"])
	size := func(pairs ...string) any {
		a := r.post(disk+"partitions/", pairs...)
		require.Equal(t, 200, a.status, a.text)
		return a.object(t)["size"]
	}
	require.EqualValues(t, 1073741824, size("size", "1073741824", "bootable", "true"))
	require.EqualValues(t, 107374182400, size("size", "107374182400"))
	require.EqualValues(t, 9999220736, size("size", "10G"), "units are decimal, sizes are rounded down to 4 MiB")
	require.EqualValues(t, 361649668096, size(), "no size is the rest")
	a = r.post(disk + "partitions/")
	require.JSONEq(t, `{"size": ["Ensure this value is greater than or equal to 4194304."]}`, a.text)
	a = r.post(disk+"partitions/", "size", "99999999999999")
	require.JSONEq(t, `{"size": ["Ensure this value is less than or equal to 480103981056."]}`, a.text)
	require.JSONEq(t, `{"size": ["Enter a valid value."]}`, r.post(disk+"partitions/", "size", "abc").text)
	d = r.get(disk).object(t)
	require.EqualValues(t, 480103104512, d["used_size"])
	require.Equal(t, "GPT partitioned with 4 partitions", d["used_for"])

	part := num(d["partitions"].([]any)[1].(map[string]any)["id"])
	g := r.post("nodes/"+id+"/volume-groups/", "name", "vgx", "partitions", part).object(t)
	require.EqualValues(t, 107369988096, g["size"])
	require.Equal(t, "107.4 GB", g["human_size"])
	group := "nodes/" + id + "/volume-group/" + num(g["id"]) + "/"
	v := r.post(group+"?op=create_logical_volume", "name", "root", "size", "53687091200").object(t)
	require.Equal(t, "vgx-root", v["name"])
	require.EqualValues(t, 53678702592, v["available_size"])
	require.Equal(t, "This volume group has logical volumes; it cannot be deleted.", r.do("DELETE", group, r.key, nil).text)
	require.Equal(t, "Cannot delete partition because its part of a volume group.", r.do("DELETE", disk+"partition/"+part, r.key, nil).text)
	require.Equal(t, 204, r.post(group+"?op=delete_logical_volume", "id", "9999").status, "an unknown volume is a success")
	require.Equal(t, 204, r.post(group+"?op=delete_logical_volume", "id", num(v["id"])).status)
	require.Equal(t, 204, r.do("DELETE", group, r.key, nil).status)
}

func TestFilesystemsAreFormattedMountedAndDropped(t *testing.T) {
	r := still(t)
	id := r.maas.Prepare("n1")
	require.Equal(t, 200, r.post("machines/"+id+"/?op=set_storage_layout", "storage_layout", "blank").status)
	disk := "nodes/" + id + "/blockdevices/" + num(r.machine(id)["boot_disk"].(map[string]any)["id"]) + "/"
	part := disk + "partition/" + num(r.post(disk + "partitions/").object(t)["id"])
	a := r.post("machines/"+id+"/?op=deploy", "distro_series", "jammy")
	require.Equal(t, 400, a.status)
	require.JSONEq(t, `{"storage": ["Mount the root '/' filesystem to be able to deploy this node."]}`, a.text)
	require.Equal(t, "Ready", r.machine(id)["status_name"])

	require.JSONEq(t, `{"__all__": ["Cannot mount an unformatted partition or block device."]}`, r.post(part+"?op=mount", "mount_point", "/").text)
	require.Equal(t, "Partition is not formatted.", r.post(part+"?op=unformat").text)
	require.Equal(t, 400, r.post(part+"?op=format", "fstype", "nosuch").status)
	require.Equal(t, 200, r.post(part+"?op=format", "fstype", "ext4", "label", "root").status)
	require.JSONEq(t, `{"mount_point": ["Enter a valid value."]}`, r.post(part+"?op=mount", "mount_point", "relative").text)
	b := r.post(part+"?op=mount", "mount_point", "/").object(t)
	require.Equal(t, "ext4 formatted filesystem mounted at /", b["used_for"])
	b = r.post(part+"?op=format", "fstype", "xfs").object(t)
	require.Nil(t, b["filesystem"].(map[string]any)["mount_point"], "formatting while mounted drops the mount")
	a = r.get(disk + "partition/9999")
	require.Equal(t, 404, a.status)
	require.Empty(t, a.text)
	require.Equal(t, 404, r.get(part+"/").status, "one partition has no trailing slash")
}
