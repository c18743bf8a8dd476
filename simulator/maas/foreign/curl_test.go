package foreign_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/simulator"
	"drydock/simulator/world/worldtest"
)

// curl signs with PLAINTEXT in a header, as MAAS's documentation shows it.
type curl struct {
	t       *testing.T
	program string
	site    *simulator.Site
	key     string
	calls   int
}

// do returns status and body. Secrets go into a file that only this test reads, not onto a command line.
func (c *curl) do(arguments ...string) (int, string) {
	c.t.Helper()
	c.calls++
	key := strings.Split(c.key, ":")
	headers := filepath.Join(c.t.TempDir(), "headers")
	signature := fmt.Sprintf(`Authorization: OAuth oauth_version=1.0, oauth_signature_method=PLAINTEXT, oauth_consumer_key=%s, oauth_token=%s, oauth_signature=%%26%s, oauth_nonce=curl-%d, oauth_timestamp=%d`,
		key[0], key[1], key[2], c.calls, time.Now().Unix())
	require.NoError(c.t, os.WriteFile(headers, []byte(signature+"\n"), 0o600))
	last := len(arguments) - 1
	arguments = append(append([]string{"-sS", "-m", "20", "-H", "@" + headers, "-w", "\n%{http_code}"}, arguments[:last]...),
		c.site.MAASURL()+"/api/2.0/"+arguments[last])
	out, err := exec.CommandContext(c.t.Context(), c.program, arguments...).CombinedOutput()
	require.NoError(c.t, err, string(out))
	at := strings.LastIndexByte(string(out), '\n')
	status, err := strconv.Atoi(string(out[at+1:]))
	require.NoError(c.t, err, string(out))
	return status, string(out[:at])
}

// ok decodes the answer of a call that succeeds.
func (c *curl) ok(out any, arguments ...string) {
	c.t.Helper()
	status, body := c.do(arguments...)
	require.Equal(c.t, 200, status, body)
	if out != nil {
		require.NoError(c.t, json.Unmarshal([]byte(body), out), body)
	}
}

func TestCurlTakesAMachineThroughItsLife(t *testing.T) {
	site := start(t)
	c := &curl{t: t, program: need(t, "curl"), site: site, key: site.APIKey()}
	var who struct {
		Username string `json:"username"`
		Admin    bool   `json:"is_superuser"`
	}
	c.ok(&who, "users/?op=whoami")
	require.Equal(t, "admin", who.Username)
	require.True(t, who.Admin)

	mac := turnOn(t, site, worldtest.Redfish)
	type machine struct {
		ID     string `json:"system_id"`
		Status string `json:"status_name"`
		System string `json:"distro_series"`
		Owner  string `json:"owner"`
		Power  string `json:"power_state"`
	}
	var list []machine
	wait(t, "enlisted", func() bool {
		c.ok(&list, "-G", "--data-urlencode", "mac_address="+mac, "machines/")
		m, _ := site.World.Machine(worldtest.Redfish)
		return len(list) == 1 && m.Power() == "off"
	})
	path := "machines/" + list[0].ID + "/"
	var m machine
	becomes := func(status string) {
		t.Helper()
		wait(t, status, func() bool { m = machine{}; c.ok(&m, path); return m.Status == status })
	}
	c.ok(nil, "-F", "testing_scripts=smartctl-validate,memtester", "-F", "skip_bmc_config=1", path+"?op=commission") // multipart
	becomes("Ready")

	c.ok(&m, "-d", "system_id="+list[0].ID, "-d", "agent_name=curl", "machines/?op=allocate")
	require.Equal(t, "Allocated", m.Status)
	status, body := c.do("-d", "system_id="+list[0].ID, "machines/?op=allocate")
	require.Equal(t, 409, status)
	require.Contains(t, body, "No machine with system ID")
	c.ok(&m, "-d", "distro_series=jammy", "--data-urlencode", "user_data=I2Nsb3VkLWNvbmZpZwo=", path+"?op=deploy")
	require.Equal(t, "Deploying", m.Status)
	becomes("Deployed")
	require.Equal(t, "jammy", m.System)
	require.Equal(t, "admin", m.Owner)

	var page struct {
		Events []struct{ Type, Node string } `json:"events"`
	}
	c.ok(&page, "-G", "-d", "op=query", "-d", "id="+list[0].ID, "-d", "limit=50", "events/")
	titles := map[string]bool{}
	for _, e := range page.Events {
		require.Equal(t, list[0].ID, e.Node)
		titles[e.Type] = true
	}
	for _, title := range []string{"Commissioning", "Running test", "Ready", "Deploying", "Image Deployed", "Deployed"} {
		require.True(t, titles[title], "no event %q in %v", title, titles)
	}

	c.ok(nil, "-d", "comment=done", path+"?op=release")
	becomes("Ready")
	require.Empty(t, m.Owner)
	status, body = c.do("-X", "DELETE", path)
	require.Equal(t, 204, status, body)
	status, _ = c.do(path)
	require.Equal(t, 404, status)
}

func TestCurlWithAWrongKeyIsRefused(t *testing.T) {
	site := start(t)
	key := strings.Split(site.APIKey(), ":")
	for sentence, wrong := range map[string]string{
		"another consumer": "nobody:" + key[1] + ":" + key[2],
		"another token":    key[0] + ":nobody:" + key[2],
		"another secret":   key[0] + ":" + key[1] + ":guess",
	} {
		t.Run(sentence, func(t *testing.T) {
			c := &curl{t: t, program: need(t, "curl"), site: site, key: wrong}
			status, body := c.do("users/?op=whoami")
			require.Equal(t, 401, status)
			require.True(t, strings.HasPrefix(body, "Authorization Error: "), "%.25s", body)
		})
	}
}
