package redfish

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// object is the body of a resource.
type object map[string]any

// etag identifies the state of a resource. It is weak, as with most implementations: equal in meaning, not in bytes.
func (o object) etag() string {
	text, _ := json.Marshal(o) // maps of plain values always marshal, with sorted keys
	sum := sha256.Sum256(text)
	return `W/"` + hex.EncodeToString(sum[:6]) + `"`
}

func answer(w http.ResponseWriter, status int, body object) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	tag := body.etag()
	w.Header().Set("ETag", tag)
	with := object{"@odata.etag": tag}
	for k, v := range body {
		with[k] = v
	}
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(with) // a client that has gone is no matter of ours
}

// message is an entry of @Message.ExtendedInfo (DSP0266, error responses).
type message struct {
	ID         string
	Text       string
	Args       []string
	Related    string // the property at fault, such as Boot/BootSourceOverrideTarget
	Severity   string
	Resolution string
}

func (m message) object() object {
	out := object{
		"@odata.type": "#Message.v1_1_2.Message", "MessageId": m.ID, "Message": m.Text, "MessageSeverity": m.Severity,
		"Severity": m.Severity, "Resolution": m.Resolution,
	}
	if m.Args != nil {
		out["MessageArgs"] = m.Args
	}
	if m.Related != "" {
		out["RelatedProperties"] = []string{"#/" + m.Related}
	}
	return out
}

// refuse answers with the error body of the standard.
func refuse(w http.ResponseWriter, status int, messages ...message) {
	info := make([]object, 0, len(messages))
	for _, m := range messages {
		info = append(info, m.object())
	}
	code, text := "Base.1.18.GeneralError", "A general error has occurred. See ExtendedInfo for more information."
	if len(messages) == 1 {
		code, text = messages[0].ID, messages[0].Text
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(object{"error": object{"code": code, "message": text, "@Message.ExtendedInfo": info}})
}

// maxBody is far more than any body that a client has reason to send.
const maxBody = 64 << 10

// read decodes a JSON object, or answers 400 and returns nil.
func read(w http.ResponseWriter, r *http.Request) object {
	var body object
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	err := decoder.Decode(&body)
	if err == nil && decoder.Decode(&struct{}{}) != io.EOF {
		err = errors.New("more than one value")
	}
	if err != nil || body == nil {
		refuse(w, http.StatusBadRequest, message{ID: "Base.1.18.MalformedJSON",
			Text:     "The request body submitted was malformed JSON and could not be parsed by the receiving service.",
			Severity: "Critical", Resolution: "Ensure that the request body is valid JSON and resubmit the request."})
		return nil
	}
	return body
}

func unknownProperty(path string) message {
	return message{ID: "Base.1.18.PropertyUnknown", Args: []string{path}, Related: path, Severity: "Warning",
		Text:       "The property " + path + " is not in the list of valid properties for the resource.",
		Resolution: "Remove the unknown property from the request body and resubmit the request if the operation failed."}
}

func readOnlyProperty(path string) message {
	return message{ID: "Base.1.18.PropertyNotWritable", Args: []string{path}, Related: path, Severity: "Warning",
		Text:       "The property " + path + " is a read-only property and cannot be assigned a value.",
		Resolution: "Remove the property from the request body and resubmit the request if the operation failed."}
}

func missingProperty(path string) message {
	return message{ID: "Base.1.18.PropertyMissing", Args: []string{path}, Related: path, Severity: "Warning",
		Text:       "The property " + path + " is a required property and must be included in the request.",
		Resolution: "Ensure that the property is in the request body and has a valid value and resubmit the request if the operation failed."}
}

func wrongType(path string, value any) message {
	return message{ID: "Base.1.18.PropertyValueTypeError", Args: []string{fmt.Sprint(value), path}, Related: path,
		Severity:   "Warning",
		Text:       fmt.Sprintf("The value '%v' for the property %s is not a type that the property can accept.", value, path),
		Resolution: "Correct the value for the property in the request body and resubmit the request if the operation failed."}
}

func notInList(path, value string) message {
	return message{ID: "Base.1.18.PropertyValueNotInList", Args: []string{value, path}, Related: path, Severity: "Warning",
		Text:       "The value '" + value + "' for the property " + path + " is not in the list of acceptable values.",
		Resolution: "Choose a value from the enumeration list that the implementation can support and resubmit the request if the operation failed."}
}

// reference is a link to another resource.
func reference(path string) object { return object{"@odata.id": path} }

// collection is a resource that lists others.
func collection(kind, path, name string, members ...string) object {
	links := make([]object, 0, len(members))
	for _, m := range members {
		links = append(links, reference(m))
	}
	return object{
		"@odata.type": "#" + kind + "." + kind, "@odata.id": path, "Name": name,
		"Members": links, "Members@odata.count": len(links),
	}
}
