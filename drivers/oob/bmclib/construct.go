package bmclib

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"reflect"
	"strconv"

	lib "github.com/bmc-toolbox/bmclib/v2"
	"github.com/bmc-toolbox/bmclib/v2/providers/asrockrack"
	"github.com/bmc-toolbox/bmclib/v2/providers/dell"
	"github.com/bmc-toolbox/bmclib/v2/providers/intelamt"
	"github.com/bmc-toolbox/bmclib/v2/providers/ipmitool"
	"github.com/bmc-toolbox/bmclib/v2/providers/openbmc"
	"github.com/bmc-toolbox/bmclib/v2/providers/redfish"
	"github.com/bmc-toolbox/bmclib/v2/providers/supermicro"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// silent is a logger that says nothing: bmclib would log requests.
var silent = lib.Client{}.Logger

// construct makes the one provider, with an HTTP client of ours. bmclib's own client would log in to all that it has.
func (d *Driver) construct(p provider, host string, endpoint bmc.Endpoint, call drivers.NodeCall, suite string, web http.RoundTripper) (any, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{
		Timeout: d.config.Timeout, Transport: web, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	const port = "443" // in URLs only: every connection goes to the endpoint
	account, secret := call.Node.OOB.Account, call.Node.OOB.Credential.Reveal()
	switch p.name {
	case asrockrack.ProviderName:
		return asrockrack.NewWithOptions(host, account, secret, silent, asrockrack.WithHTTPClient(client)), nil
	case dell.ProviderName:
		return dell.New(host, account, secret, silent, dell.WithHttpClient(client), dell.WithPort(port), dell.WithUseBasicAuth(d.config.BasicAuth)), nil
	case redfish.ProviderName:
		return redfish.New(host, account, secret, silent, redfish.WithHttpClient(client), redfish.WithPort(port),
			redfish.WithUseBasicAuth(d.config.BasicAuth), redfish.WithSystemName(call.Node.OOB.Parameters[SystemParameter])), nil
	case openbmc.ProviderName:
		return openbmc.New(host, account, secret, silent, openbmc.WithHttpClient(client), openbmc.WithPort(port)), nil
	case supermicro.ProviderName:
		made := supermicro.NewClient(host, account, secret, silent, supermicro.WithPort(port))
		return made, replaceClient(made, client, "serviceClient", "client")
	case ipmitool.ProviderName:
		return ipmitool.New(host, account, secret, ipmitool.WithPort(strconv.Itoa(endpoint.Port)),
			ipmitool.WithCipherSuite(suite), ipmitool.WithIpmitoolPath(d.config.Ipmitool))
	case intelamt.ProviderName:
		made := intelamt.New(host, account, secret, intelamt.WithPort(uint32(endpoint.Port)))
		return made, replaceClient(made, client, "client", "conn", "WsmanClient", "httpClient")
	}
	return nil, fmt.Errorf("bmclib has no provider %s", p.name)
}

// replaceClient puts our HTTP client into a provider, at the end of a path of fields: bmclib v2.3.5 takes one for Supermicro and
// does not use it, and none for Intel AMT, but ones of its own that accept every certificate and that no gate watches. Should
// another version keep it elsewhere, nothing is sent.
func replaceClient(made any, client *http.Client, fields ...string) error {
	at := reflect.ValueOf(made)
	for _, field := range fields {
		for at.Kind() == reflect.Pointer || at.Kind() == reflect.Interface {
			at = at.Elem()
		}
		if at.Kind() != reflect.Struct {
			break
		}
		at = at.FieldByName(field)
	}
	if !at.IsValid() || at.Type() != reflect.TypeFor[*http.Client]() || at.IsNil() {
		return fmt.Errorf("bmclib keeps the HTTP client of %T in another place than version 2.3.5 does, so its logins could not be watched", made)
	}
	*(*http.Client)(at.UnsafePointer()) = *client
	return nil
}
