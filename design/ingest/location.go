package ingest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Locations fetches the content that assets of boot actions have elsewhere. A design may come from somebody who has no
// business inside of the network of this process, so addresses that only this process can reach are refused: loopback,
// link-local, multicast, and those of the metadata services of clouds. They are looked at when a connection is made,
// after names were resolved, so that neither a redirect nor a name server gets around it. No proxy is used.
type Locations struct {
	Allow   []netip.Prefix // is reached all the same
	Limit   int64          // bytes of one content; 0: DefaultLocationLimit
	Timeout time.Duration  // of one fetch, redirects included; 0: DefaultLocationTimeout
}

// What holds where Locations say nothing else.
const (
	DefaultLocationLimit   = 1 << 20
	DefaultLocationTimeout = 30 * time.Second
	maxLocationRedirects   = 5
	maxLocationHeader      = 64 << 10
)

// metadata are the addresses of metadata services that are not link-local, and of networks that lead to others.
var metadata = []netip.Prefix{
	netip.MustParsePrefix("100.100.100.200/32"), // Alibaba
	netip.MustParsePrefix("168.63.129.16/32"),   // Azure
	netip.MustParsePrefix("192.0.0.192/32"),     // Oracle
	netip.MustParsePrefix("fd00:ec2::/32"),      // Amazon
	netip.MustParsePrefix("fd20:ce::254/128"),   // Google
	netip.MustParsePrefix("0.0.0.0/8"),          // this host
}

// nat64 are addresses with an IPv4 address in their last 32 bits.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// Fetch reads the content of a location with the scheme http or https. An error is an *Error; it shows neither user
// information nor the query of the location.
func (l Locations) Fetch(ctx context.Context, location string) ([]byte, error) {
	shown := display(location)
	if !strings.Contains(location, "://") {
		shown = "a location" // it may be anything
	}
	fail := func(kind Kind, cause error, advice string) error {
		return &Error{what: "fetch", Ref: shown, Kind: kind, Err: cause, Advice: advice}
	}
	u, err := url.Parse(location)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fail(Malformed, errors.New("this is not a web address"), "write a location with http or https")
	}
	timeout := l.Timeout
	if timeout <= 0 {
		timeout = DefaultLocationTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return nil, fail(Malformed, errors.New("this is not a web address"), "check the location")
	}
	response, err := l.client().Do(request)
	if err != nil {
		if refused := (*refusedAddress)(nil); errors.As(err, &refused) {
			return nil, fail(Denied, refused, "serve the content from another host, or allow the address in the configuration")
		}
		return nil, fail(Unreachable, harmless(err), "check that the host name resolves and the service answers from here")
	}
	defer response.Body.Close()
	if failed := statusError(shown, response.StatusCode, false); failed != nil {
		failed.what = "fetch"
		return nil, failed
	}
	limit := l.Limit
	if limit <= 0 {
		limit = DefaultLocationLimit
	}
	data, err := Reader{Limit: limit}.all(response.Body, shown)
	if failed := (*Error)(nil); errors.As(err, &failed) {
		failed.what = "fetch"
		return nil, failed
	}
	return data, nil
}

func (l Locations) client() *http.Client {
	dialer := &net.Dialer{Control: l.control}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: maxLocationHeader, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(request *http.Request, via []*http.Request) error {
			switch {
			case len(via) > maxLocationRedirects:
				return fmt.Errorf("there are more than %d redirects", maxLocationRedirects)
			case request.URL.Scheme != "https" && via[0].URL.Scheme == "https":
				return errors.New("a redirect leads from https to another scheme")
			}
			return nil
		},
	}
}

// control looks at an address before it is connected to.
func (l Locations) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !l.allows(to.Addr()) {
		return &refusedAddress{to.Addr()}
	}
	return nil
}

func (l Locations) allows(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	within := func(p netip.Prefix) bool { return p.Contains(a) }
	switch {
	case slices.ContainsFunc(l.Allow, within):
		return true
	case nat64.Contains(a):
		b := a.As16()
		return l.allows(netip.AddrFrom4([4]byte(b[12:])))
	}
	return !a.IsLoopback() && !a.IsLinkLocalUnicast() && !a.IsMulticast() && !a.IsUnspecified() && !slices.ContainsFunc(metadata, within)
}

// refusedAddress is the cause where an address is not to be reached.
type refusedAddress struct{ address netip.Addr }

func (e *refusedAddress) Error() string {
	return fmt.Sprintf("%s is an address that locations may not lead to", e.address)
}
