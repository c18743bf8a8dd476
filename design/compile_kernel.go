package design

import (
	"slices"
	"strconv"
	"strings"
)

const hardwareReference = "hardwareprofile:"

// kernelParams makes the kernel's parameters: true is a flag, everything else key=value. The kernel applies hugepages to
// the hugepagesz before it, so this pair comes first; the rest is sorted, so that a parameter that moves from a profile to
// its nodes changes no machine.
func (c *compiler) kernelParams(n *element, hardware *HardwareProfile) []string {
	var first, rest []string
	_, size := pair(n, "hugepagesz")
	for key, value := range pairs(n) {
		if value.Kind != scalarKind {
			continue
		}
		param, ok := c.kernelParam(key, value, hardware)
		switch {
		case !ok:
		case size != nil && key.Value == "hugepagesz":
			first = append([]string{param}, first...)
		case size != nil && key.Value == "hugepages":
			first = append(first, param)
		default:
			rest = append(rest, param)
		}
	}
	slices.Sort(rest)
	return append(first, rest...)
}

func (c *compiler) kernelParam(key, value *element, hardware *HardwareProfile) (string, bool) {
	switch {
	case isNull(value):
		return "", false
	case value.Tag == "!!bool":
		if v, _ := flag(value); v {
			return key.Value, true
		}
		return key.Value + "=False", true
	case isOldBool(value):
		c.fault(value, oldBoolean, "put it in quotes, or write true for a parameter without a value",
			"kernel parameter %s is %s, a boolean to some YAML readers; it is taken as text", key.Value, value.Value)
	}
	ref, isRef := strings.CutPrefix(value.Value, hardwareReference)
	if !isRef {
		return key.Value + "=" + value.Value, true
	}
	resolved, reason := resolveHardware(ref, hardware)
	if reason != "" {
		if hardware == nil {
			// Without a hardware profile, which has a message of its own, nothing can be resolved.
			return "", false
		}
		c.fault(value, badKernelParam, "known are hardwareprofile:cpuset.<name> and hardwareprofile:hugepages.<name>.size or .count",
			"kernel parameter %s refers to %s, but hardware profile %s %s", key.Value, quoted(value.Value), hardware.Name, reason)
		return "", false
	}
	return key.Value + "=" + resolved, true
}

// resolveHardware finds the value of cpuset.<name>, hugepages.<name>.size or hugepages.<name>.count. Names may have dots.
func resolveHardware(ref string, hardware *HardwareProfile) (value, reason string) {
	if hardware == nil {
		return "", "is not known"
	}
	set, rest, _ := strings.Cut(ref, ".")
	switch set {
	case "cpuset":
		if v, ok := hardware.CPUSets[rest]; ok {
			return v, ""
		}
		return "", "has no CPU set " + quoted(rest)
	case "hugepages":
		dot := strings.LastIndexByte(rest, '.')
		if dot < 0 {
			return "", "needs .size or .count after the name"
		}
		pages, ok := hardware.HugePages[rest[:dot]]
		if !ok {
			return "", "has no huge pages " + quoted(rest[:dot])
		}
		switch rest[dot+1:] {
		case "size":
			return pages.Size, ""
		case "count":
			return strconv.Itoa(pages.Count), ""
		}
		return "", "has no field " + quoted(rest[dot+1:]) + " of huge pages"
	}
	return "", "has no values of that kind"
}
