package maas

import (
	"encoding/base64"
	"net/http"
	"strings"
)

type accounts struct {
	users  []*user
	nonces nonces
}

type user struct {
	name   string
	email  string
	admin  bool
	tokens []*token
	keys   []*sshKey
}

type token struct {
	name, consumer, token, secret string
}

func (t *token) key() string { return t.consumer + ":" + t.token + ":" + t.secret }

type sshKey struct {
	id     int
	key    string
	source string
}

func (s *Server) seedAccounts(key string) {
	admin := s.addUser("admin", true)
	admin.email = "admin@example.com"
	if parts := strings.Split(key, ":"); len(parts) == 3 {
		*admin.tokens[0] = token{"MAAS consumer", parts[0], parts[1], parts[2]}
	}
}

func (s *Server) newToken(name string) *token {
	return &token{name, s.randomText(keyLetters, 18), s.randomText(keyLetters, 18), s.randomText(keyLetters, 32)}
}

func (s *Server) addUser(name string, admin bool) *user {
	u := &user{name: name, email: name + "@example.com", admin: admin, tokens: []*token{s.newToken("MAAS consumer")}}
	s.accounts.users = append(s.accounts.users, u)
	return u
}

func (u *user) body() obj {
	return obj{"is_superuser": u.admin, "username": u.name, "email": u.email, "is_local": true,
		"resource_uri": apiRoot + "users/" + u.name + "/"}
}

func (u *user) tokenByKey(key string) (int, *token) {
	for i, t := range u.tokens {
		if t.token == key || t.key() == key {
			return i, t
		}
	}
	return -1, nil
}

// createUser is POST users/. The password is of the web interface, which is not here.
func (s *Server) createUser(c *call) (any, error) {
	for _, need := range []string{"username", "email", "password", "is_superuser"} {
		if _, err := c.mandatory(need); err != nil {
			return nil, err
		}
	}
	name := strings.TrimSpace(c.get("username"))
	for _, u := range s.accounts.users {
		if u.name == name {
			return nil, badField("username", "A user with that username already exists.")
		}
	}
	u := s.addUser(name, c.flag("is_superuser"))
	u.email = strings.TrimSpace(c.get("email"))
	return u.body(), nil
}

// deleteUser is refused for one's own account, and for users who hold machines; it succeeds for nobody.
func (s *Server) deleteUser(c *call) (any, error) {
	for _, u := range s.accounts.users {
		if u.name != c.vars["name"] {
			continue
		}
		if u == c.user {
			return nil, refuse(http.StatusBadRequest, "An administrator cannot self-delete.")
		}
		for _, m := range s.machines {
			if m.owner == u {
				return nil, refuse(http.StatusBadRequest, "1 node(s) are still allocated to this user")
			}
		}
		s.accounts.users = remove(s.accounts.users, u)
	}
	return noContent(), nil
}

func (s *Server) routeAccounts(t *router) {
	t.on("users/", "GET", "", users, func(c *call) (any, error) {
		return listOf(s.accounts.users, (*user).body), nil
	})
	t.on("users/", "GET", "whoami", users, func(c *call) (any, error) { return c.user.body(), nil })
	t.on("users/", "POST", "", admins, s.createUser)
	t.on("users/{name}/", "GET", "", users, func(c *call) (any, error) {
		for _, u := range s.accounts.users {
			if u.name == c.vars["name"] {
				return u.body(), nil
			}
		}
		return nil, notFound("User")
	})
	t.on("users/{name}/", "DELETE", "", admins, s.deleteUser)
	t.on("account/", "GET", "list_authorisation_tokens", users, func(c *call) (any, error) {
		return listOf(c.user.tokens, func(t *token) obj { return obj{"name": t.name, "token": t.key()} }), nil
	})
	t.on("account/", "POST", "create_authorisation_token", users, func(c *call) (any, error) {
		tok := s.newToken("MAAS consumer")
		if c.get("name") != "" {
			tok.name = c.get("name")
		}
		c.user.tokens = append(c.user.tokens, tok)
		return obj{"token_key": tok.token, "token_secret": tok.secret, "consumer_key": tok.consumer, "name": tok.name}, nil
	})
	t.on("account/", "POST", "delete_authorisation_token", users, func(c *call) (any, error) {
		i, tok := c.user.tokenByKey(c.get("token_key"))
		if tok == nil {
			return nil, notFound("Token")
		}
		c.user.tokens = append(c.user.tokens[:i], c.user.tokens[i+1:]...)
		return noContent(), nil
	})
	t.on("account/", "POST", "update_token_name", users, func(c *call) (any, error) {
		_, tok := c.user.tokenByKey(c.get("token"))
		if tok == nil {
			return nil, notFound("Token")
		}
		tok.name = c.get("name")
		return textReply(http.StatusAccepted, typeBareText, "Accepted"), nil
	})
	s.routeSSHKeys(t)
}

func (s *Server) routeSSHKeys(t *router) {
	const all, one = "account/prefs/sshkeys/", "account/prefs/sshkeys/{id}/"
	body := func(k *sshKey) obj {
		return obj{"id": k.id, "key": k.key, "keysource": k.source, "resource_uri": text("%s%s%d/", apiRoot, all, k.id)}
	}
	find := func(c *call) (int, *sshKey) {
		for i, k := range c.user.keys {
			if k.id == c.idVar("id") {
				return i, k
			}
		}
		return -1, nil
	}
	t.on(all, "GET", "", users, func(c *call) (any, error) { return listOf(c.user.keys, body), nil })
	t.on(all, "POST", "", users, func(c *call) (any, error) {
		key := strings.TrimSpace(c.get("key"))
		if key == "" {
			return nil, badField("key", fieldRequired)
		}
		if problem := keyProblem(key); problem != "" {
			return nil, badField("key", "Invalid SSH public key: %s", problem)
		}
		for _, k := range c.user.keys {
			if k.key == key {
				return nil, badField(fieldAll, "This key has already been added for this user.")
			}
		}
		k := &sshKey{id: s.id("sshkey"), key: key}
		c.user.keys = append(c.user.keys, k)
		return jsonReply(http.StatusCreated, obj{"id": k.id, "key": k.key, "keysource": nil}), nil
	})
	t.missing(all, "POST", "import")
	t.on(one, "GET", "", users, func(c *call) (any, error) {
		if _, k := find(c); k != nil {
			return body(k), nil
		}
		return nil, notFound("SSHKey")
	})
	t.on(one, "DELETE", "", users, func(c *call) (any, error) {
		i, k := find(c)
		if k == nil {
			return nil, notFound("SSHKey")
		}
		c.user.keys = append(c.user.keys[:i], c.user.keys[i+1:]...)
		return noContent(), nil
	})
}

// keyProblem says what is wrong with a public key; "" when nothing is. Only the form is looked at: the recordings of a
// real region accept any base64 after a known type.
func keyProblem(key string) string {
	parts := strings.Fields(key)
	if len(parts) < 2 {
		return text("Key should contain 2 or more space separated parts (key type, base64-encoded key, optional comments), not %d: %s", len(parts), key)
	}
	switch parts[0] {
	case "ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
		"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com":
	default:
		return text("Key type %s not recognised; it should be one of: ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ecdsa-sha2-nistp521, ssh-dss, ssh-ed25519, ssh-rsa", parts[0])
	}
	if _, err := base64.StdEncoding.DecodeString(parts[1]); err != nil {
		if _, err := base64.RawStdEncoding.DecodeString(parts[1]); err != nil {
			return "Key could not be converted to RFC4716 form."
		}
	}
	return ""
}
