package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/errgroup"

	"drydock/design/state"
	"drydock/starter"
	"drydock/workflows"
)

// maxList bounds how many tasks one answer lists.
const maxList = 1000

// taskPath is where a task is found. IDs may hold a slash: whoever starts a workflow by hand chooses its ID.
func taskPath(id string) string { return base + "/tasks/" + url.PathEscape(id) }

// wire writes a task with a link to its build data that the client can follow.
func (a *api) wire(c echo.Context, t starter.Task) wireTask {
	root := a.URL
	if root == "" {
		root = c.Scheme() + "://" + c.Request().Host
	}
	return taskToWire(t, root+taskPath(t.ID)+"/builddata")
}

// createTask is POST /tasks: it starts a task and answers 201 with the task, which then runs.
func (a *api) createTask(c echo.Context) error {
	ctx := c.Request().Context()
	body, err := readBody(c, false)
	if err != nil {
		return err
	}
	kind, request, err := readTask(body)
	if err != nil {
		return err
	}
	if err := a.checkLock(c, kind, request); err != nil {
		return err
	}
	request.RequestedBy = a.user(c.Request())
	task, err := a.Tasks.Start(ctx, kind, request)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, taskPath(task.ID))
	return c.JSON(http.StatusCreated, a.wire(c, task))
}

// checkLock refuses a task on a site that another task holds with another design. The task itself would refuse too;
// here the caller learns it at once. To check a design is always allowed: nothing becomes current by it. A design so
// wrong that it has no model is left to the task, which says what is wrong with it.
func (a *api) checkLock(c echo.Context, kind workflows.Kind, request workflows.Request) error {
	loaded, err := a.load(c, request.DesignRef)
	if err != nil {
		return err
	}
	if loaded.Site == nil || kind.Type == workflows.ValidateDesign.Type {
		return nil
	}
	holder, held, err := a.State.Holder(c.Request().Context(), loaded.Site.Name)
	if err != nil {
		return &apiError{status: http.StatusServiceUnavailable, message: "it can't be seen whether a task holds the site: the state can't be read", retry: true, cause: err}
	}
	if held && holder.Digest != loaded.Site.Digest {
		locked := &state.LockedError{Lock: holder}
		return &apiError{status: http.StatusConflict, retry: true,
			message: locked.Error() + ", and the design of this request is " + loaded.Site.Digest + ": wait for the end of that task, or cancel it"}
	}
	return nil
}

// listTasks is GET /tasks: full tasks, newest first, 100 of them or ?limit.
func (a *api) listTasks(c echo.Context) error {
	limit := 0
	if text := c.QueryParam("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxList {
			return refuse(http.StatusBadRequest, "limit has to be a number from 1 to %d", maxList)
		}
		limit = n
	}
	tasks, err := a.Tasks.List(c.Request().Context(), limit)
	if err != nil {
		return err
	}
	if err := a.readResults(c.Request().Context(), tasks); err != nil {
		return err
	}
	list := make([]wireTask, 0, len(tasks))
	for _, t := range tasks {
		list = append(list, a.wire(c, t))
	}
	return c.JSON(http.StatusOK, list)
}

// readResults completes the tasks of a list, which come without results: the original's list is of full tasks, and its
// clients look in it for the reasons of a failure.
func (a *api) readResults(ctx context.Context, tasks []starter.Task) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i, t := range tasks {
		if t.State == starter.Running || t.Result != nil {
			continue
		}
		group.Go(func() error {
			full, err := a.Tasks.Task(ctx, t.ID)
			var known *starter.Error
			if errors.As(err, &known) && known.Kind == starter.NotFound {
				return nil // forgotten since the list was made
			}
			if err != nil {
				return err
			}
			if full.RunID == t.RunID { // an ID may have been taken again by a later task
				tasks[i] = full
			}
			return nil
		})
	}
	return group.Wait()
}

// showTask is GET /tasks/{id}. Since tasks have no subtasks, any number of ?layers is one layer, and ?subtaskerrors
// answers with the task's own result under its own ID when that has errors. ?progress=true, an addition of ours, shows
// what the nodes of a running task do; the workers have to be up to answer it.
func (a *api) showTask(c echo.Context) error {
	ctx := c.Request().Context()
	withBuildData, err := queryFlag(c, "builddata")
	if err != nil {
		return err
	}
	withErrors, err := queryFlag(c, "subtaskerrors")
	if err != nil {
		return err
	}
	withProgress, err := queryFlag(c, "progress")
	if err != nil {
		return err
	}
	layers := 0
	if text := c.QueryParam("layers"); text != "" {
		if layers, err = strconv.Atoi(text); err != nil || layers < -1 {
			return refuse(http.StatusBadRequest, "layers has to be a number, or -1 for all")
		}
	}
	id := c.Param("id")
	task, err := a.Tasks.Task(ctx, id)
	if err != nil {
		return err
	}
	w := a.wire(c, task)
	if withBuildData {
		found, err := a.State.TaskEvidence(ctx, task.ID)
		if err != nil {
			return err
		}
		data := evidenceToWire(found)
		w.BuildData = &data
	}
	if withProgress && task.State == starter.Running {
		snapshot, err := a.Tasks.Snapshot(ctx, task.ID)
		if err != nil {
			return err
		}
		w.Progress = progressToWire(snapshot)
	}
	failed := map[string]any{}
	if w.Result.Details.ErrorCount > 0 {
		failed[w.ID] = w.Result
	}
	if layers != 0 {
		answer := map[string]any{"init_task_id": w.ID, w.ID: w}
		if withErrors {
			answer["subtask_errors"] = failed
		}
		return c.JSON(http.StatusOK, answer)
	}
	if withErrors {
		w.SubtaskErrors = &failed
	}
	return c.JSON(http.StatusOK, w)
}

// queryFlag reads a parameter that is true or false, as the original's client and as Python write them.
func queryFlag(c echo.Context, name string) (bool, error) {
	switch c.QueryParam(name) {
	case "true", "True", "yes", "on":
		return true, nil
	case "", "false", "False", "no", "off":
		return false, nil
	}
	return false, refuse(http.StatusBadRequest, "%s has to be true or false", name)
}
