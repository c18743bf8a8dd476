package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	yamlparser "github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"drydock/design"
)

// Load reads the configuration: the defaults, over them the file at path (or, where path is "", the file that
// DRYDOCK_CONFIG names; none is fine), over it the DRYDOCK_ variables of environ ("NAME=value" each). Files that the
// configuration names for secrets are read here.
//
// The error is of type Problems and lists every mistake: unknown keys and variables, values of a wrong type or out of
// range, files that can't be read. What a command needs beyond that, its Check method says.
func Load(path string, environ []string) (Config, error) { return load(path, environ, true) }

// LoadWithoutSecrets is Load for commands that need no secret: files that hold one, which may be the business of services
// alone, are not read.
func LoadWithoutSecrets(path string, environ []string) (Config, error) {
	return load(path, environ, false)
}

func load(path string, environ []string, secrets bool) (Config, error) {
	if path == "" {
		path = lookup(environ, FileVariable)
	}
	l := loader{path: path, environment: readEnvironment(environ)}
	l.problems = l.environment.problems

	k := koanf.New(".")
	if path != "" {
		if err := l.readFile(k); err != nil {
			return Config{}, append(l.problems, Problem{Where: path, Text: err.Error()}).orNil()
		}
	}
	l.readEnvironment(k)

	c := Default()
	l.decode(k, &c)
	if secrets {
		l.readSecretFile(&c)
	}
	for _, p := range c.values() {
		l.report(p.Key, p.Text)
	}
	if err := l.problems.orNil(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// loader collects the problems of one Load.
type loader struct {
	path        string
	lines       map[string]int
	environment environment
	problems    Problems
}

func (l *loader) readFile(k *koanf.Koanf) error {
	text, err := os.ReadFile(l.path)
	if err != nil {
		return cause(err)
	}
	if l.lines, err = positions(text); err != nil {
		return err
	}
	return k.Load(file.Provider(l.path), yamlparser.Parser())
}

func (l *loader) readEnvironment(k *koanf.Koanf) {
	names := make([]string, 0, len(l.environment.values))
	for key := range l.environment.values {
		names = append(names, key+"=")
	}
	// readEnvironment has already told names apart and refused unknown ones; the provider only nests the keys.
	provider := env.Provider(".", env.Opt{
		EnvironFunc:   func() []string { return names },
		TransformFunc: func(key, _ string) (string, any) { return key, l.environment.values[key] },
	})
	if err := k.Load(provider, nil); err != nil {
		l.problems = append(l.problems, Problem{Where: "environment", Text: err.Error()})
	}
}

func (l *loader) decode(k *koanf.Koanf, c *Config) {
	err := k.UnmarshalWithConf("", c, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		WeaklyTypedInput: true, // a variable is always text
		DecodeHook:       mapstructure.ComposeDecodeHookFunc(refuseBareDuration, mapstructure.StringToTimeDurationHookFunc()),
	}})
	for _, key := range unknownKeys(reflect.TypeFor[Config](), k.Raw(), "") {
		l.report(key, "unknown key")
	}
	for _, e := range decodeErrors(err) {
		l.report(e.key, e.text)
	}
}

// report adds a problem with the place that the value of the key came from.
func (l *loader) report(key, text string) {
	p := Problem{Key: key, Text: text}
	if variable, ok := l.environment.variables[key]; ok {
		p.Where = variable
	} else if line, ok := l.lines[key]; ok {
		p.Where = l.path + ":" + strconv.Itoa(line)
	} else if l.path != "" {
		p.Where = l.path
	}
	l.problems = append(l.problems, p)
}

// readSecretFile takes drivers.maas.api_key from the file that drivers.maas.api_key_file names.
func (l *loader) readSecretFile(c *Config) {
	const key = "drivers.maas.api_key_file"
	m := &c.Drivers.MAAS
	if m.APIKeyFile == "" {
		return
	}
	if m.APIKey != "" {
		l.report(key, "is set together with drivers.maas.api_key: keep one of them")
		return
	}
	text, err := os.ReadFile(m.APIKeyFile)
	if err != nil {
		l.report(key, fmt.Sprintf("%s: %s", m.APIKeyFile, cause(err)))
		return
	}
	m.APIKey = design.Secret(strings.TrimSpace(string(text)))
	if m.APIKey == "" {
		l.report(key, m.APIKeyFile+" is empty")
	}
}

// cause is the reason of a file error without the path, which stands in front of it anyway.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
