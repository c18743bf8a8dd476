package bootaction

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxAsset bounds what a step of a pipeline makes, in bytes.
const maxAsset = 1 << 20

// pipeline is what steps of assets are carried out with.
type pipeline struct {
	context func() map[string]any // of templates
	limits  Limits
}

// run applies the steps of a data pipeline in order. Without steps the data passes as it is.
func (p pipeline) run(steps []string, data []byte) ([]byte, error) {
	for i, step := range steps {
		out, err := p.step(step, data)
		if err != nil {
			return nil, fmt.Errorf("step %d of the pipeline (%s): %w", i+1, step, err)
		}
		data = out
	}
	if len(data) > maxAsset {
		return nil, fmt.Errorf("content of %d bytes is larger than the %d that are allowed", len(data), maxAsset)
	}
	return data, nil
}

func (p pipeline) step(step string, data []byte) ([]byte, error) {
	switch step {
	case "utf8_decode", "utf8_encode":
		// Text and its UTF-8 are the same bytes here; what is left of both steps is the promise that it is text.
		if !utf8.Valid(data) {
			return nil, errors.New("the data is not UTF-8 text")
		}
		return data, nil
	case "base64_encode":
		return []byte(base64.StdEncoding.EncodeToString(data)), nil
	case "base64_decode":
		return decodeBase64(data)
	case "template":
		if !utf8.Valid(data) {
			return nil, errors.New("the template is not UTF-8 text")
		}
		text, err := renderTemplate(string(data), p.context(), p.limits)
		return []byte(text), err
	}
	return nil, errors.New("there is no such step: known are base64_encode, base64_decode, utf8_encode, utf8_decode, template")
}

// decodeBase64 takes data with line breaks, as YAML blocks and the base64 command make it. The cause is not passed on:
// it quotes the data.
func decodeBase64(data []byte) ([]byte, error) {
	compact := strings.Join(strings.Fields(string(data)), "")
	out, err := base64.StdEncoding.DecodeString(compact)
	if err != nil {
		return nil, errors.New("the data is not base64")
	}
	return out, nil
}
