package generate

import "text/template"

func parse(name, text string) *template.Template {
	return template.Must(template.New(name).Parse(text))
}

var siteTemplate = parse("site documents", `---
schema: drydock/Region/v1
metadata:
  schema: metadata/Document/v1
  name: generated
  layeringDefinition:
    abstract: false
    layer: site
  storagePolicy: cleartext
data:
  authorized_keys:
  - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExample ops@generated
  repositories:
    main_archive:
      repo_type: apt
      url: http://mirror.generated.test/ubuntu
      components: [main, universe]
---
schema: drydock/NetworkLink/v1
metadata:
  schema: metadata/Document/v1
  name: bmc-link
data:
  labels:
    noconfig: enabled
  bonding:
    mode: disabled
  mtu: 1500
  trunking:
    mode: disabled
    default_network: bmc
  allowed_networks:
  - bmc
---
schema: drydock/NetworkLink/v1
metadata:
  schema: metadata/Document/v1
  name: pxe-link
data:
  bonding:
    mode: disabled
  mtu: 1500
  trunking:
    mode: disabled
    default_network: pxe
  allowed_networks:
  - pxe
---
schema: drydock/Network/v1
metadata:
  schema: metadata/Document/v1
  name: bmc
data:
  cidr: {{ .BMC.CIDR }}
  ranges:
  - type: static
    start: {{ .BMC.First }}
    end: {{ .BMC.Last }}
---
schema: drydock/Network/v1
metadata:
  schema: metadata/Document/v1
  name: pxe
data:
  cidr: {{ .PXE.CIDR }}
  ranges:
  - type: static
    start: {{ .PXE.First }}
    end: {{ .PXE.Last }}
  dns:
    domain: pxe.generated.test
    servers: {{ .PXE.Gateway }}
---
schema: drydock/HostProfile/v1
metadata:
  schema: metadata/Document/v1
  name: base
data:
  oob:
    type: ipmi
    network: bmc
    account: provisioner
    credential: not-a-real-secret
  interfaces:
    boot:
      device_link: pxe-link
      slaves:
      - boot_nic
      networks:
      - pxe
    bond0:
      slaves:
      - data_a
      - data_b
    bond1:
      slaves:
      - store_a
      - store_b
  platform:
    image: jammy
    kernel: ga-22.04
    kernel_params:
      console: ttyS0,115200n8
      quiet: true
  metadata:
    owner_data:
      generated: 'true'
---
schema: drydock/BootAction/v1
metadata:
  schema: metadata/Document/v1
  name: stamp
data:
  signaling: true
  assets:
  - path: /etc/generated/stamp.env
    type: file
    permissions: '640'
    data: |
      NODE={{ "{{ node.hostname }}" }}
      ACTION={{ "{{ action.action_id }}" }}
    data_pipeline:
    - utf8_decode
    - template
  - type: pkg_list
    data:
      chrony: null
      lldpd: 1.0.13-1
`)

var modelTemplate = parse("hardware profile", `---
schema: drydock/HardwareProfile/v1
metadata:
  schema: metadata/Document/v1
  name: {{ .Name }}
data:
  vendor: {{ .Vendor }}
  bios_version: '{{ .BIOS }}'
  boot_mode: uefi
  bootstrap_protocol: pxe
  device_aliases:
    boot_nic:
      bus_type: pci
      dev_type: 1G NIC
      address: '0000:02:00.0'
    data_a:
      bus_type: pci
      dev_type: 25G NIC
      address: '{{ .NICA }}'
    data_b:
      bus_type: pci
      dev_type: 25G NIC
      address: '{{ .NICB }}'
    store_a:
      bus_type: pci
      dev_type: 25G NIC
      address: 'regexp:0000:[cd][0-9a-f]:00\.0'
    store_b:
      bus_type: pci
      dev_type: 25G NIC
      address: 'regexp:0000:[cd][0-9a-f]:00\.1'
    os_disk:
      bus_type: scsi
      dev_type: SSD
      address: '{{ .DiskA }}'
    bulk_disk:
      bus_type: scsi
      dev_type: HDD
      address: '{{ .DiskB }}'
  cpu_sets:
    isolated: 4-{{ .Cores }}
  hugepages:
    big:
      size: 1G
      count: {{ .Pages }}
---
schema: drydock/HostProfile/v1
metadata:
  schema: metadata/Document/v1
  name: on-{{ .Name }}
data:
  host_profile: base
  hardware_profile: {{ .Name }}
  storage:
    physical_devices:
      os_disk:
        labels:
          bootdrive: 'true'
        partitions:
        - name: root
          size: {{ .RootGB }}g
          bootable: true
          filesystem:
            mountpoint: /
            fstype: ext4
            mount_options: defaults
        - name: boot
          size: 2g
          filesystem:
            mountpoint: /boot
        - name: var
          size: '>{{ .RootGB }}g'
          filesystem:
            mountpoint: /var
      bulk_disk:
        volume_group: bulk
    volume_groups:
      bulk:
        logical_volumes:
        - name: images
          size: 60%
          filesystem:
            mountpoint: /srv/images
            fstype: xfs
  platform:
    kernel_params:
      hugepagesz: hardwareprofile:hugepages.big.size
      hugepages: hardwareprofile:hugepages.big.count
      isolcpus: hardwareprofile:cpuset.isolated
`)

var linkTemplate = parse("link with its network", `---
schema: drydock/NetworkLink/v1
metadata:
  schema: metadata/Document/v1
  name: {{ .Name }}-link
data:
  bonding:
    mode: 802.3ad
    hash: layer3+4
    peer_rate: fast
    mon_rate: 100
    up_delay: 400
    down_delay: 200
  mtu: 9000
  trunking:
    mode: 802.1q
{{- if not .VLAN }}
    default_network: {{ .Name }}
{{- end }}
  allowed_networks:
  - {{ .Name }}
---
schema: drydock/Network/v1
metadata:
  schema: metadata/Document/v1
  name: {{ .Name }}
data:
{{- if .VLAN }}
  vlan: '{{ .VLAN }}'
{{- end }}
  mtu: 9000
  cidr: {{ .CIDR }}
  ranges:
  - type: static
    start: {{ .First }}
    end: {{ .Last }}
  routes:
  - subnet: {{ if .VLAN }}10.200.0.0/16{{ else }}0.0.0.0/0{{ end }}
    gateway: {{ .Gateway }}
    metric: 10
  dns:
    domain: generated.test
`)

var rackTemplate = parse("rack", `---
schema: drydock/Rack/v1
metadata:
  schema: metadata/Document/v1
  name: rack-{{ . }}
data:
  tor_switches:
    tor-{{ . }}:
      mgmt_ip: 10.255.0.1
  location:
    clli: GENERATED
    grid: '{{ . }}'
  local_networks:
  - pxe
`)

var hostTemplate = parse("node", `---
schema: drydock/BaremetalNode/v1
metadata:
  schema: metadata/Document/v1
  name: {{ .Name }}
  layeringDefinition:
    abstract: false
    layer: site
  storagePolicy: cleartext
data:
  host_profile: on-{{ .Model.Name }}
  primary_network: {{ .Data.Name }}
  addressing:
  - network: bmc
    address: {{ .BMC }}
  - network: pxe
    address: {{ .PXE }}
  - network: {{ .Data.Name }}
    address: {{ .DataIP }}
  - network: {{ .Store.Name }}
    address: {{ .StoreIP }}
  interfaces:
    bond0:
      device_link: {{ .Data.Name }}-link
      networks:
      - {{ .Data.Name }}
    bond1:
      device_link: {{ .Store.Name }}-link
      networks:
      - {{ .Store.Name }}
  metadata:
    boot_mac: {{ .MAC }}
    rack: {{ .Rack }}
    tags:
    - {{ .Tag }}
    owner_data:
      role: {{ .Tag }}
`)
