// Package bootaction turns the boot actions of a site design into cloud-init user data: the files, systemd units and
// packages that a node gets when its new operating system boots for the first time.
//
// It is pure but for what Options.Fetch does: it reads no file and changes no model. It refuses a template that reads
// files, loops without end or grows without bound, two assets that want the same path with different contents, and a
// value that a template asks for and nobody has. What it can't deliver (assets with a location, where it is given nothing
// to fetch with) it names; it never drops an asset in silence.
//
// Two limits come with cloud-init itself. Files arrive in its network stage, after services of early boot such as
// systemd-sysctl and systemd-modules-load: what those read counts from the second boot on. And a list in user data
// (write_files, packages, runcmd) takes the place of the list of that name in the bootstrapper's vendor data.
package bootaction
