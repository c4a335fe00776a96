// SPDX-License-Identifier: Apache-2.0
/* A container that stands still, and goes on. Nothing is recorded: the freezer itself says that it is paused. */
#include <base/fd.h>
#include <core/container.h>
#include <core/fault.h>

#include <errno.h>

/* The words are those that engines know. */
static int check_pause(enum husk_status status, struct husk_error **err)
{
	switch (status) {
	case HUSK_STATUS_CREATED:
	case HUSK_STATUS_RUNNING:
		return 0;
	case HUSK_STATUS_PAUSED:
		return fail(err, HUSK_ERROR_BAD_STATE, "container paused: it stands still already");
	case HUSK_STATUS_CREATING:
	case HUSK_STATUS_STOPPED:
		break;
	}
	return fail_full(err, HUSK_ERROR_NOT_RUNNING, ESRCH, NULL, "container not running");
}

static int check_resume(enum husk_status status, struct husk_error **err)
{
	return status == HUSK_STATUS_PAUSED
		       ? 0
		       : fail(err, HUSK_ERROR_BAD_STATE, "container not paused: it is %s",
				 husk_status_name(status));
}

typedef int check_fn(enum husk_status status, struct husk_error **err);
typedef int act_fn(const struct cgroup_context *c, struct husk_error **err);

static int act(struct husk_container *c, check_fn *check, act_fn *freezer, struct husk_error **err)
{
	auto_close int lock = -1;
	auto_cgroups g = {};
	auto_now now = {};
	int r = container_lock(c, &lock, err);

	if (r < 0)
		return r;
	r = container_look(c, &now, err);
	if (!r)
		r = check(now.status, err);
	if (!r)
		r = container_cgroups(c, &now.state, &g, err);
	fault_point("freezing");
	return r < 0 ? r : freezer(&g.context, err);
}

int husk_container_pause(struct husk_container *c, struct husk_error **err)
{
	return act(c, check_pause, cgroup_freeze, err);
}

int husk_container_resume(struct husk_container *c, struct husk_error **err)
{
	return act(c, check_resume, cgroup_thaw, err);
}
