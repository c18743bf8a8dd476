// Package libvirt drives virtual machines of laboratories through libvirt's remote protocol, as an implementation of
// drivers.OOB: the domain with the name of the node is its machine, and the hypervisor its BMC. go-libvirt's types stay in
// this package.
//
// It refuses host keys that it can't verify, passwords in URIs, domains that would vanish when turned off, and to leave a
// domain booting from the network for good when that was asked for once.
package libvirt
