package activities

import (
	"context"
	"fmt"
	"sync"

	"drydock/design"
	"drydock/design/validate"
	"drydock/drivers"
)

// siteCache keeps the compiled designs that were used last. Designs are immutable, so entries never age; it is small
// because a worker serves few designs at a time.
type siteCache struct {
	mu    sync.Mutex
	sites map[string]*entry
	order []string
}

type entry struct {
	once sync.Once
	site *design.Site
	err  error
}

const cachedSites = 8

func (c *siteCache) get(digest string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.sites[digest]; ok {
		return e
	}
	if c.sites == nil {
		c.sites = map[string]*entry{}
	}
	if len(c.order) >= cachedSites {
		delete(c.sites, c.order[0])
		c.order = c.order[1:]
	}
	e := &entry{}
	c.sites[digest] = e
	c.order = append(c.order, digest)
	return e
}

func (c *siteCache) drop(digest string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sites, digest)
	for i, d := range c.order {
		if d == digest {
			c.order = append(c.order[:i], c.order[i+1:]...)
			return
		}
	}
}

// site is the compiled design of a digest, from the store.
func (a *Activities) site(ctx context.Context, digest string) (*design.Site, error) {
	e := a.sites.get(digest)
	e.once.Do(func() {
		text, err := a.Store.Design(ctx, digest)
		if err != nil {
			e.err = fmt.Errorf("read design %s: %w", digest, err)
			return
		}
		result := validate.LoadWithin(a.Limits, design.Source{Name: "design:" + digest, Data: text})
		if result.Site == nil || !result.Messages.Valid() {
			e.err = &drivers.Error{Class: drivers.InvalidDesign, Action: LoadDesign, Subject: "design " + digest,
				Err:    fmt.Errorf("the stored design is not valid under the rules of this version"),
				Advice: "run design validate on its source and submit it again"}
			return
		}
		if result.Site.Digest != digest {
			e.err = &drivers.Error{Class: drivers.Conflict, Action: LoadDesign, Subject: "design " + digest,
				Err:    fmt.Errorf("the stored design has the digest %s", result.Site.Digest),
				Advice: "the state database was changed by another hand, or by a version that writes another canonical form: submit the design again"}
			return
		}
		e.site = result.Site
	})
	if e.err != nil {
		a.sites.drop(digest) // a failure may be of the moment
		return nil, e.err
	}
	return e.site, nil
}
