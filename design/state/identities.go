package state

import (
	"context"
	"fmt"

	"drydock/design/build"
)

// ClaimUUID records that the machine with a system UUID is that of a node, unless it is that of another node of the site
// already, and returns the node that it is of. In whatever byte order a UUID is written, it is the same.
func (s *Store) ClaimUUID(ctx context.Context, site, node, uuid string) (owner string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("record the UUID of node %s of site %s: %w", node, site, err)
		}
	}()
	uuid = build.CanonicalUUID(uuid)
	if err := named("site", site, "node", node, "uuid", uuid); err != nil {
		return "", err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO identities (site, uuid, node) VALUES ($1, $2, $3) ON CONFLICT (site, uuid) DO NOTHING`, site, uuid, node)
	if err != nil {
		return "", err
	}
	err = s.db.QueryRowContext(ctx, `SELECT node FROM identities WHERE site = $1 AND uuid = $2`, site, uuid).Scan(&owner)
	return owner, err
}

// ForgetUUIDs makes all UUIDs of a node free for others.
func (s *Store) ForgetUUIDs(ctx context.Context, site, node string) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM identities WHERE site = $1 AND node = $2`, site, node); err != nil {
		return fmt.Errorf("forget the UUIDs of node %s of site %s: %w", node, site, err)
	}
	return nil
}
