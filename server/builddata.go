package server

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// nodeBuildData is GET /nodes/{hostname}/builddata: raw evidence about a node and its verifications, with ?latest=true the
// newest of each generator, with ?generator=verification (or lshw, ...) those of one. The original knows one site and no
// generator; here ?site says which site is meant where several have a node of the name.
func (a *api) nodeBuildData(c echo.Context) error {
	ctx, host, site, generator := c.Request().Context(), c.Param("hostname"), c.QueryParam("site"), c.QueryParam("generator")
	latest, err := queryFlag(c, "latest")
	if err != nil {
		return err
	}
	if site == "" {
		sites, err := a.State.EvidenceSites(ctx, host)
		if err != nil {
			return err
		}
		switch len(sites) {
		case 0:
			return refuse(http.StatusNotFound, "there is no build data of node %s", host)
		case 1:
			site = sites[0]
		default:
			return refuse(http.StatusBadRequest, "the sites %s have a node %s: say which one with ?site=", strings.Join(sites, ", "), host)
		}
	}
	found, err := a.State.Evidence(ctx, site, host, generator, latest)
	if err != nil {
		return err
	}
	if len(found) == 0 && generator != "" {
		return refuse(http.StatusNotFound, "there is no build data of generator %s of node %s of site %s", generator, host, site)
	}
	if len(found) == 0 {
		return refuse(http.StatusNotFound, "there is no build data of node %s of site %s", host, site)
	}
	return c.JSON(http.StatusOK, evidenceToWire(found))
}

// taskBuildData is GET /tasks/{id}/builddata: raw evidence that a task collected.
func (a *api) taskBuildData(c echo.Context) error {
	id := c.Param("id")
	found, err := a.State.TaskEvidence(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return refuse(http.StatusNotFound, "there is no build data of task %s", id)
	}
	return c.JSON(http.StatusOK, evidenceToWire(found))
}
