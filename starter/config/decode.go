package config

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/go-viper/mapstructure/v2"
)

// decodeError is one value that has not the form that its key wants.
type decodeError struct{ key, text string }

// decodeErrors takes the error of the decoder apart: it joins one error per value. The texts are ours, because those of
// the decoder quote the value, which may be a secret.
func decodeErrors(err error) []decodeError {
	if err == nil {
		return nil
	}
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		var list []decodeError
		for _, single := range e.Unwrap() {
			list = append(list, decodeErrors(single)...)
		}
		return list
	case *mapstructure.DecodeError:
		// The error of a group holds those of its values, which name their keys better.
		var within *mapstructure.DecodeError
		if errors.As(e.Unwrap(), &within) {
			return decodeErrors(e.Unwrap())
		}
		return []decodeError{{key: e.Name(), text: formText(e.Unwrap())}}
	}
	if inner := errors.Unwrap(err); inner != nil {
		return decodeErrors(inner)
	}
	return []decodeError{{text: "has a value of a wrong form"}}
}

func formText(err error) string {
	var parse *mapstructure.ParseError
	var form *mapstructure.UnconvertibleTypeError
	var duration durationError
	switch {
	case errors.As(err, &duration):
		return duration.Error()
	case errors.As(err, &parse):
		return "must be " + formName(parse.Expected.Type())
	case errors.As(err, &form):
		return "must be " + formName(form.Expected.Type())
	}
	return "has a wrong form"
}

func formName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	case reflect.Slice:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a group of keys"
	}
	return fmt.Sprintf("a %s", t.Kind())
}

// durationError says why a value is no duration.
type durationError string

func (e durationError) Error() string { return string(e) }

// refuseBareDuration refuses "30" and 30 where a duration is meant: it would be 30 nanoseconds.
func refuseBareDuration(from, to reflect.Type, value any) (any, error) {
	if to != reflect.TypeFor[time.Duration]() || from == to {
		return value, nil
	}
	s, ok := value.(string)
	if !ok {
		return nil, durationError("a duration needs a unit, such as 30s")
	}
	if _, err := time.ParseDuration(s); err != nil {
		return nil, durationError(fmt.Sprintf("%q is no duration: write one such as 30s or 5m", s))
	}
	return value, nil
}
