package server

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"drydock/workflows"
)

// accepted is the answer of what was asked of a running task; how it comes out is seen in the task.
type accepted struct {
	ID string `json:"task_id"`
}

// retryTask is POST /tasks/{id}/retry, which the original does not have: failed nodes are tried again. It answers 202
// with the task that does it, which is a new one when the old one has ended.
func (a *api) retryTask(c echo.Context) error {
	steer, err := a.readSteer(c)
	if err != nil {
		return err
	}
	task, err := a.Tasks.Retry(c.Request().Context(), c.Param("id"), steer)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, taskPath(task.ID))
	return c.JSON(http.StatusAccepted, a.wire(c, task))
}

// skipTask is POST /tasks/{id}/skip, which the original does not have: nodes that wait for a person go on without the
// step that failed. It answers 202.
func (a *api) skipTask(c echo.Context) error {
	steer, err := a.readSteer(c)
	if err != nil {
		return err
	}
	id := c.Param("id")
	if err := a.Tasks.Skip(c.Request().Context(), id, steer); err != nil {
		return err
	}
	return a.accept(c, id)
}

// cancelTask is POST /tasks/{id}/cancel, which the original does not have: the task is asked to stop and leaves its nodes
// in a state that it names. It answers 202.
func (a *api) cancelTask(c echo.Context) error {
	body, err := readBody(c, true)
	if err != nil {
		return err
	}
	body.only("reason")
	reason := body.text("reason")
	if err := body.err(); err != nil {
		return err
	}
	id := c.Param("id")
	if err := a.Tasks.Cancel(c.Request().Context(), id, workflows.Steer{By: a.user(c.Request()), Reason: reason}); err != nil {
		return err
	}
	return a.accept(c, id)
}

func (a *api) accept(c echo.Context, id string) error {
	c.Response().Header().Set(echo.HeaderLocation, taskPath(id))
	return c.JSON(http.StatusAccepted, accepted{ID: id})
}

func (a *api) readSteer(c echo.Context) (workflows.Steer, error) {
	body, err := readBody(c, true)
	if err != nil {
		return workflows.Steer{}, err
	}
	steer, err := readSteer(body)
	steer.By = a.user(c.Request())
	return steer, err
}
