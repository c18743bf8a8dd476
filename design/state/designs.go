package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// PutDesign stores the canonical form of a design of a site under its digest, "sha256:" and 64 hexadecimal digits. Again
// is fine. It refuses bytes that do not have the digest, for whoever asks for a digest later acts upon what he gets, and
// a digest that is stored for another site.
func (s *Store) PutDesign(ctx context.Context, digest, site string, canonical []byte) error {
	fail := func(err error) error { return fmt.Errorf("store design %s of site %s: %w", digest, site, err) }
	if err := named("digest", digest, "site", site); err != nil {
		return fail(err)
	}
	if got := digestOf(canonical); got != digest {
		return fail(fmt.Errorf("the bytes have the digest %s", got))
	}
	if canonical == nil {
		canonical = []byte{} // nil would be NULL
	}
	_, err := s.db.ExecContext(ctx, `INSERT INTO designs (digest, site, canonical, added) VALUES ($1, $2, $3, $4)
		ON CONFLICT (digest) DO NOTHING`, digest, site, canonical, micros(time.Now()))
	if err != nil {
		return fail(err)
	}
	if err := s.designOf(ctx, digest, site); err != nil {
		return fail(err)
	}
	return nil
}

// Design returns the canonical form of the design of a digest. The error is ErrNotFound when it was never stored; bytes
// that were changed in the database are an error.
func (s *Store) Design(ctx context.Context, digest string) ([]byte, error) {
	var canonical []byte
	err := s.db.QueryRowContext(ctx, `SELECT canonical FROM designs WHERE digest = $1`, digest).Scan(&canonical)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, fmt.Errorf("read design %s: %w", digest, ErrNotFound)
	case err != nil:
		return nil, fmt.Errorf("read design %s: %w", digest, err)
	}
	if got := digestOf(canonical); got != digest {
		return nil, fmt.Errorf("read design %s: what is stored was changed and has the digest %s", digest, got)
	}
	return canonical, nil
}

// designOf checks that a design is stored, and is one of the site. Designs are never deleted, so the answer stays true.
func (s *Store) designOf(ctx context.Context, digest, site string) error {
	var of string
	err := s.db.QueryRowContext(ctx, `SELECT site FROM designs WHERE digest = $1`, digest).Scan(&of)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("the design is not stored: %w", ErrNotFound)
	case err != nil:
		return err
	case of != site:
		return fmt.Errorf("the design is one of site %s", of)
	}
	return nil
}

func digestOf(canonical []byte) string {
	sum := sha256.Sum256(canonical)
	return "sha256:" + hex.EncodeToString(sum[:])
}
