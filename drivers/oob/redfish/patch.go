package redfish

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/stmcginnis/gofish/common"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// settings is the annotation @Redfish.Settings (DSP0266, settings resources): where a resource takes changes that wait for
// a reset, and when it can apply them.
type settings struct {
	Object     link     `json:"SettingsObject"`
	ApplyTimes []string `json:"SupportedApplyTimes"`
}

// change patches a resource in its settings object, or, where it has none, in itself. The apply time goes along where the
// service offers OnReset, and only there: some refuse the annotation. What came of it is to be read back.
func (c *conn) change(ctx context.Context, doing, uri string, s settings, properties map[string]any) error {
	body := maps.Clone(properties)
	if s.Object.ID != "" {
		uri = path(s.Object.ID)
		if slices.Contains(s.ApplyTimes, "OnReset") {
			body["@Redfish.SettingsApplyTime"] = map[string]string{"ApplyTime": "OnReset"}
		}
	}
	tag := func(ctx context.Context) (string, error) {
		var whatever struct{}
		a, err := c.get(ctx, uri, &whatever)
		if err != nil {
			return "", err
		}
		return a.etag(), nil
	}
	// A settings object may exist only for who writes to it: without one to read there is no ETag to send.
	etag, err := tag(ctx)
	if err != nil && !isNotFound(err) {
		return err
	}
	a, err := c.patch(ctx, uri, etag, body, tag)
	if err != nil {
		return err
	}
	if a.status >= 300 {
		return c.refusal(doing, a)
	}
	if said := complaints(a.body); len(said) > 0 {
		f := bmc.Failf(drivers.NotSupported, "", "%s: BMC %s took the request and not all of it: %s", doing, c.endpoint, strings.Join(said, "; "))
		f.Refused = true
		return f
	}
	return c.begun(ctx, doing, a)
}

// patch sends one change. The ETag goes along when there is one; a 412 leads to a new one, then to the tag without its weak
// mark, then to none; a 428 to any. Reread reads the resource anew and returns its ETag.
func (c *conn) patch(ctx context.Context, uri, etag string, body any, reread func(context.Context) (string, error)) (*answer, error) {
	a, err := c.authorised(ctx, http.MethodPatch, uri, body, etag)
	if err != nil || a.status != http.StatusPreconditionFailed && a.status != http.StatusPreconditionRequired {
		return a, err
	}
	last := ""
	if a.status == http.StatusPreconditionRequired {
		last = "*"
	}
	if etag, err = reread(ctx); err != nil {
		return nil, err
	}
	strong := strings.TrimPrefix(etag, "W/")
	tags := []string{etag, strong, strings.Trim(strong, `"`), last}
	for i, tag := range tags {
		if slices.Contains(tags[:i], tag) {
			continue
		}
		a, err = c.authorised(ctx, http.MethodPatch, uri, body, tag)
		if err != nil || a.status != http.StatusPreconditionFailed && a.status != http.StatusPreconditionRequired {
			return a, err
		}
	}
	return a, nil
}

// complaints are what a service says, in an answer of success, about single properties that it did not take: messages at
// the property (Name@Message.ExtendedInfo) or with RelatedProperties. That a reset is needed, and plain praise, are none.
func complaints(body []byte) []string {
	var in any
	if json.Unmarshal(body, &in) != nil {
		return nil
	}
	var out []string
	var walk func(any)
	walk = func(v any) {
		object, _ := v.(map[string]any)
		for name, value := range object {
			property, annotated := strings.CutSuffix(name, "@Message.ExtendedInfo")
			if !annotated {
				walk(value)
				continue
			}
			list, _ := value.([]any)
			for _, m := range list {
				if said := complaint(property, m); said != "" {
					out = append(out, said)
				}
			}
		}
	}
	walk(in)
	slices.Sort(out)
	return out
}

// complaint is one message in words; "" when it is none. Older services give no severity, so the registry's name for the
// message has to tell: those about properties that were not taken begin so.
func complaint(property string, message any) string {
	raw, err := json.Marshal(message)
	if err != nil {
		return ""
	}
	var m struct {
		MessageID         string `json:"MessageId"`
		Message           string
		RelatedProperties []string
		Severity          common.Health
		MessageSeverity   common.Health
	}
	if json.Unmarshal(raw, &m) != nil {
		return ""
	}
	id := lastPart(m.MessageID)
	if property == "" && len(m.RelatedProperties) > 0 {
		property = lastSegment(m.RelatedProperties[0])
	}
	bad := func(h common.Health) bool { return h == common.WarningHealth || h == common.CriticalHealth }
	about := property != "" && (bad(m.Severity) || bad(m.MessageSeverity))
	if strings.Contains(id, "ResetRequired") || id == "Success" || !about && !strings.HasPrefix(id, "Property") {
		return ""
	}
	text := strings.TrimSpace(m.Message)
	if text == "" {
		text = id
	}
	if property != "" {
		text = property + ": " + text
	}
	return text + " [" + id + "]"
}

func lastSegment(pointer string) string { return pointer[strings.LastIndex(pointer, "/")+1:] }
