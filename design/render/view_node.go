package render

type nodeView struct {
	Name            string                   `json:"name" yaml:"name"`
	FQDN            string                   `json:"fqdn" yaml:"fqdn"`
	HostProfile     string                   `json:"host_profile,omitempty" yaml:"host_profile,omitempty"`
	HardwareProfile string                   `json:"hardware_profile,omitempty" yaml:"hardware_profile,omitempty"`
	PrimaryNetwork  string                   `json:"primary_network,omitempty" yaml:"primary_network,omitempty"`
	OOB             oobView                  `json:"oob" yaml:"oob"`
	Addressing      []addressView            `json:"addressing,omitempty" yaml:"addressing,omitempty"`
	Interfaces      map[string]interfaceView `json:"interfaces,omitempty" yaml:"interfaces,omitempty"`
	Storage         storageView              `json:"storage" yaml:"storage"`
	Platform        platformView             `json:"platform" yaml:"platform"`
	Metadata        metadataView             `json:"metadata" yaml:"metadata"`
}

type oobView struct {
	Type       string            `json:"type,omitempty" yaml:"type,omitempty"`
	Network    string            `json:"network,omitempty" yaml:"network,omitempty"`
	Account    string            `json:"account,omitempty" yaml:"account,omitempty"`
	Credential string            `json:"credential,omitempty" yaml:"credential,omitempty"`
	LibvirtURI string            `json:"libvirt_uri,omitempty" yaml:"libvirt_uri,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty" yaml:"parameters,omitempty"`
}

type addressView struct {
	Network string `json:"network" yaml:"network"`
	Address string `json:"address" yaml:"address"`
}

type interfaceView struct {
	DeviceLink string     `json:"device_link,omitempty" yaml:"device_link,omitempty"`
	Slaves     []string   `json:"slaves,omitempty" yaml:"slaves,omitempty"`
	Networks   []string   `json:"networks,omitempty" yaml:"networks,omitempty"`
	SRIOV      *sriovView `json:"sriov,omitempty" yaml:"sriov,omitempty"`
}

type sriovView struct {
	VFCount   int  `json:"vf_count" yaml:"vf_count"`
	TrustMode bool `json:"trustmode" yaml:"trustmode"`
}

type storageView struct {
	PhysicalDevices map[string]deviceView      `json:"physical_devices,omitempty" yaml:"physical_devices,omitempty"`
	VolumeGroups    map[string]volumeGroupView `json:"volume_groups,omitempty" yaml:"volume_groups,omitempty"`
}

type deviceView struct {
	Labels      map[string]string `json:"labels,omitempty" yaml:"labels,omitempty"`
	VolumeGroup string            `json:"volume_group,omitempty" yaml:"volume_group,omitempty"`
	Partitions  []partitionView   `json:"partitions,omitempty" yaml:"partitions,omitempty"`
}

type partitionView struct {
	Name        string          `json:"name" yaml:"name"`
	Size        string          `json:"size,omitempty" yaml:"size,omitempty"`
	Bootable    bool            `json:"bootable,omitempty" yaml:"bootable,omitempty"`
	PartUUID    string          `json:"part_uuid,omitempty" yaml:"part_uuid,omitempty"`
	VolumeGroup string          `json:"volume_group,omitempty" yaml:"volume_group,omitempty"`
	Filesystem  *filesystemView `json:"filesystem,omitempty" yaml:"filesystem,omitempty"`
}

type volumeGroupView struct {
	VGUUID         string              `json:"vg_uuid,omitempty" yaml:"vg_uuid,omitempty"`
	LogicalVolumes []logicalVolumeView `json:"logical_volumes,omitempty" yaml:"logical_volumes,omitempty"`
}

type logicalVolumeView struct {
	Name       string          `json:"name" yaml:"name"`
	Size       string          `json:"size,omitempty" yaml:"size,omitempty"`
	LVUUID     string          `json:"lv_uuid,omitempty" yaml:"lv_uuid,omitempty"`
	Filesystem *filesystemView `json:"filesystem,omitempty" yaml:"filesystem,omitempty"`
}

type filesystemView struct {
	Mountpoint   string `json:"mountpoint,omitempty" yaml:"mountpoint,omitempty"`
	FSType       string `json:"fstype,omitempty" yaml:"fstype,omitempty"`
	MountOptions string `json:"mount_options,omitempty" yaml:"mount_options,omitempty"`
	FSUUID       string `json:"fs_uuid,omitempty" yaml:"fs_uuid,omitempty"`
	FSLabel      string `json:"fs_label,omitempty" yaml:"fs_label,omitempty"`
}

// platformView has the kernel parameters in the order in which the kernel sees them, which the map of the documents has
// not.
type platformView struct {
	Image        string   `json:"image,omitempty" yaml:"image,omitempty"`
	Kernel       string   `json:"kernel,omitempty" yaml:"kernel,omitempty"`
	KernelParams []string `json:"kernel_params,omitempty" yaml:"kernel_params,omitempty"`
}

type metadataView struct {
	Rack      string            `json:"rack,omitempty" yaml:"rack,omitempty"`
	BootMAC   string            `json:"boot_mac,omitempty" yaml:"boot_mac,omitempty"`
	Tags      []string          `json:"tags,omitempty" yaml:"tags,omitempty"`
	OwnerData map[string]string `json:"owner_data,omitempty" yaml:"owner_data,omitempty"`
}

type bootActionView struct {
	Name       string          `json:"name" yaml:"name"`
	Signaling  bool            `json:"signaling" yaml:"signaling"`
	NodeFilter *nodeFilterView `json:"node_filter,omitempty" yaml:"node_filter,omitempty"`
	Assets     []assetView     `json:"assets" yaml:"assets"`
}

type nodeFilterView struct {
	FilterSetType string           `json:"filter_set_type" yaml:"filter_set_type"`
	FilterSet     []filterTermView `json:"filter_set" yaml:"filter_set"`
}

type filterTermView struct {
	FilterType string            `json:"filter_type" yaml:"filter_type"`
	NodeNames  []string          `json:"node_names,omitempty" yaml:"node_names,omitempty"`
	NodeTags   []string          `json:"node_tags,omitempty" yaml:"node_tags,omitempty"`
	NodeLabels map[string]string `json:"node_labels,omitempty" yaml:"node_labels,omitempty"`
	RackNames  []string          `json:"rack_names,omitempty" yaml:"rack_names,omitempty"`
	RackLabels map[string]string `json:"rack_labels,omitempty" yaml:"rack_labels,omitempty"`
}

// assetView has no content: it may hold keys and passwords that the document store put in. Size and digest tell whether
// it is the expected one.
type assetView struct {
	Type             string            `json:"type" yaml:"type"`
	Path             string            `json:"path,omitempty" yaml:"path,omitempty"`
	Permissions      string            `json:"permissions,omitempty" yaml:"permissions,omitempty"`
	DataBytes        int               `json:"data_bytes,omitempty" yaml:"data_bytes,omitempty"`
	DataSHA256       string            `json:"data_sha256,omitempty" yaml:"data_sha256,omitempty"`
	Packages         map[string]string `json:"packages,omitempty" yaml:"packages,omitempty"`
	Location         string            `json:"location,omitempty" yaml:"location,omitempty"`
	LocationPipeline []string          `json:"location_pipeline,omitempty" yaml:"location_pipeline,omitempty"`
	DataPipeline     []string          `json:"data_pipeline,omitempty" yaml:"data_pipeline,omitempty"`
}
