package maas_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/simulator/maas"
	"drydock/simulator/world"
)

// rig is a world of two machines with a region in front of it, and a caller that signs by itself.
type rig struct {
	t     *testing.T
	world *world.World
	maas  *maas.Server
	url   string
	key   string
	inner bool // calls are handed to the region without a network in between
}

type answer struct {
	status int
	header http.Header
	text   string
}

func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.text), &out), a.text)
	return out
}

func (a answer) list(t *testing.T) []map[string]any {
	t.Helper()
	var out []map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.text), &out), a.text)
	return out
}

func site() *design.Site {
	oob := &design.Network{Name: "oob", CIDR: netip.MustParsePrefix("10.1.0.0/24")}
	pxe := &design.Network{Name: "pxe", CIDR: netip.MustParsePrefix("10.2.0.0/24"),
		Ranges: []design.Range{{Type: design.RangeDHCP, Start: netip.MustParseAddr("10.2.0.200"), End: netip.MustParseAddr("10.2.0.250")}}}
	link := &design.NetworkLink{Name: "pxe", DefaultNetwork: "pxe", AllowedNetworks: []string{"pxe"}, MTU: 1500}
	data := &design.NetworkLink{Name: "data", MTU: 9000, AllowedNetworks: []string{"storage"}, Trunked: true}
	profile := &design.HardwareProfile{Name: "hw", Vendor: "Example", BootMode: "bios", Aliases: []design.Alias{
		{Name: "data1", BusType: "pci", Address: "0000:41:00.0"}, {Name: "data2", BusType: "pci", Address: "0000:41:00.1"},
		{Name: "disk1", BusType: "scsi", Address: "2:0.0.0"}, {Name: "pxe1", BusType: "pci", Address: "0000:03:00.0"}}}
	s := &design.Site{Name: "test", Networks: []*design.Network{oob, pxe}, Links: []*design.NetworkLink{link, data}}
	for n, kind := range []string{design.OOBIPMI, design.OOBRedfish} {
		s.Nodes = append(s.Nodes, &design.Node{
			Name: fmt.Sprintf("n%d", n+1), Domain: "local", HardwareProfile: profile, PrimaryNetwork: "pxe",
			OOB: design.OOB{Type: kind, Account: "root", Credential: "calvin", Network: "oob"},
			Interfaces: []design.Interface{
				{Name: "bond0", LinkName: "data", Link: data, Slaves: []string{"data1", "data2"}, Networks: []string{"storage"}},
				{Name: "pxe", LinkName: "pxe", Link: link, Slaves: []string{"pxe1"}, Networks: []string{"pxe"}},
			},
			Storage:   design.Storage{Devices: []design.Device{{Name: "disk1", Labels: map[string]string{"bootdrive": "true"}}}},
			Addresses: []design.Address{{Network: "oob", IP: netip.MustParseAddr(fmt.Sprintf("10.1.0.%d", 11+n))}, {Network: "pxe", DHCP: true}},
		})
	}
	return s
}

func newRig(t *testing.T, o maas.Options) *rig {
	t.Helper()
	w := world.New(site(), world.Options{Seed: 7, Speed: 600})
	t.Cleanup(w.Close)
	if o.RackNetworks == nil {
		o.RackNetworks = []netip.Prefix{netip.MustParsePrefix("10.2.0.0/24")}
	}
	s := maas.New(w, o)
	t.Cleanup(s.Close)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &rig{t: t, world: w, maas: s, url: server.URL + "/MAAS", key: s.APIKey()}
}

var nonce atomic.Int64

// authorization signs with PLAINTEXT.
func authorization(key string) string {
	p := strings.Split(key, ":")
	return fmt.Sprintf(`OAuth oauth_consumer_key="%s", oauth_token="%s", oauth_signature_method="PLAINTEXT", oauth_signature="%%26%s", oauth_timestamp="%d", oauth_nonce="n%d", oauth_version="1.0"`,
		p[0], p[1], p[2], time.Now().Unix(), nonce.Add(1))
}

func (r *rig) do(method, path, key string, form url.Values) answer {
	r.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	q, err := http.NewRequest(method, r.url+"/api/2.0/"+path, body)
	require.NoError(r.t, err)
	if form != nil {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if key != "" {
		q.Header.Set("Authorization", authorization(key))
	}
	return r.send(q)
}

func (r *rig) send(q *http.Request) answer {
	r.t.Helper()
	if r.inner {
		w := httptest.NewRecorder()
		r.maas.ServeHTTP(w, q)
		return answer{w.Code, w.Header(), w.Body.String()}
	}
	res, err := http.DefaultClient.Do(q)
	require.NoError(r.t, err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	require.NoError(r.t, err)
	return answer{res.StatusCode, res.Header, string(data)}
}

func form(pairs ...string) url.Values {
	out := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Add(pairs[i], pairs[i+1])
	}
	return out
}

func (r *rig) get(path string) answer { r.t.Helper(); return r.do("GET", path, r.key, nil) }

func (r *rig) post(path string, pairs ...string) answer {
	r.t.Helper()
	return r.do("POST", path, r.key, form(pairs...))
}

func (r *rig) put(path string, pairs ...string) answer {
	r.t.Helper()
	return r.do("PUT", path, r.key, form(pairs...))
}

// enlist powers a machine on by hand and waits until the region knows it and it is off again.
func (r *rig) enlist(name string) (id string) {
	r.t.Helper()
	m, ok := r.world.Machine(name)
	require.True(r.t, ok)
	require.NoError(r.t, m.Command(world.OriginPerson, world.CommandOn))
	require.Eventually(r.t, func() bool {
		list := r.get("machines/?mac_address=" + m.Hardware().PXENIC).list(r.t)
		if len(list) == 1 {
			id = list[0]["system_id"].(string)
		}
		return id != "" && m.Power() == world.PowerOff
	}, 10*time.Second, 5*time.Millisecond)
	return id
}

func (r *rig) machine(id string) map[string]any {
	r.t.Helper()
	a := r.get("machines/" + id + "/")
	require.Equal(r.t, 200, a.status, a.text)
	return a.object(r.t)
}

// until waits for a status.
func (r *rig) until(id, status string) map[string]any {
	r.t.Helper()
	var m map[string]any
	require.Eventually(r.t, func() bool {
		m = r.machine(id)
		return m["status_name"] == status
	}, 15*time.Second, 10*time.Millisecond, "waiting for %s", status)
	return m
}

// ready enlists and commissions a machine without tests.
func (r *rig) ready(name string) (id string) {
	r.t.Helper()
	id = r.enlist(name)
	a := r.post("machines/"+id+"/?op=commission", "testing_scripts", "none")
	require.Equal(r.t, 200, a.status, a.text)
	r.until(id, "Ready")
	return id
}
