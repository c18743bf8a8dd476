package render

import "drydock/design"

func viewNode(n *design.Node) nodeView {
	view := nodeView{
		Name: n.Name, FQDN: n.FQDN(), HostProfile: n.HostProfile, PrimaryNetwork: n.PrimaryNetwork,
		OOB: oobView{
			Type: n.OOB.Type, Network: n.OOB.Network, Account: n.OOB.Account, Credential: n.OOB.Credential.String(),
			LibvirtURI: cleanURL(n.OOB.LibvirtURI), Parameters: cleanParameters(n.OOB.Parameters),
		},
		Interfaces: make(map[string]interfaceView, len(n.Interfaces)),
		Storage:    viewStorage(n.Storage),
		Platform:   platformView{Image: n.Platform.Image, Kernel: n.Platform.Kernel, KernelParams: n.Platform.KernelParams},
		Metadata:   metadataView{Rack: n.Rack, BootMAC: n.BootMAC, Tags: n.Tags, OwnerData: n.OwnerData},
	}
	if n.HardwareProfile != nil {
		view.HardwareProfile = n.HardwareProfile.Name
	}
	for _, a := range n.Addresses {
		address := "dhcp"
		if !a.DHCP {
			address = addrText(a.IP)
		}
		view.Addressing = append(view.Addressing, addressView{Network: a.Network, Address: address})
	}
	for _, i := range n.Interfaces {
		v := interfaceView{DeviceLink: i.LinkName, Slaves: i.Slaves, Networks: i.Networks}
		if i.SRIOV != nil {
			v.SRIOV = &sriovView{VFCount: i.SRIOV.VFCount, TrustMode: i.SRIOV.TrustMode}
		}
		view.Interfaces[i.Name] = v
	}
	return view
}

func viewStorage(s design.Storage) storageView {
	view := storageView{
		PhysicalDevices: make(map[string]deviceView, len(s.Devices)),
		VolumeGroups:    make(map[string]volumeGroupView, len(s.VolumeGroups)),
	}
	for _, d := range s.Devices {
		v := deviceView{Labels: d.Labels, VolumeGroup: d.VolumeGroup}
		for _, p := range d.Partitions {
			v.Partitions = append(v.Partitions, partitionView{
				Name: p.Name, Size: p.Size.Text, Bootable: p.Bootable, PartUUID: p.UUID, VolumeGroup: p.VolumeGroup,
				Filesystem: viewFilesystem(p.Filesystem),
			})
		}
		view.PhysicalDevices[d.Name] = v
	}
	for _, g := range s.VolumeGroups {
		v := volumeGroupView{VGUUID: g.UUID}
		for _, l := range g.LogicalVolumes {
			v.LogicalVolumes = append(v.LogicalVolumes, logicalVolumeView{
				Name: l.Name, Size: l.Size.Text, LVUUID: l.UUID, Filesystem: viewFilesystem(l.Filesystem),
			})
		}
		view.VolumeGroups[g.Name] = v
	}
	return view
}

func viewFilesystem(f *design.Filesystem) *filesystemView {
	if f == nil {
		return nil
	}
	return &filesystemView{Mountpoint: f.MountPoint, FSType: f.Type, MountOptions: f.MountOptions, FSUUID: f.UUID, FSLabel: f.Label}
}
