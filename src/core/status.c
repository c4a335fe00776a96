// SPDX-License-Identifier: Apache-2.0
/* <husk/container.h> state: what is known of a container, in a block the caller keeps. */
#include <core/container.h>

#include <stdlib.h>

struct public_state {
	struct husk_state state; /* first: this is what the caller has in hand */
	struct container_now now;
	const char **names, **values;
};

void husk_state_free(struct husk_state *state)
{
	struct public_state *p = (struct public_state *)state;

	if (!p)
		return;
	container_now_done(&p->now);
	free(p->names);
	free(p->values);
	free(p);
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static int fill(struct public_state *p, struct husk_error **err)
{
	const struct state *s = &p->now.state;
	size_t n = s->annotations.n;

	p->names = calloc(n + 1, sizeof *p->names);
	p->values = calloc(n + 1, sizeof *p->values);
	if (!p->names || !p->values)
		return fail_memory(err);
	for (size_t i = 0; i < n; i++) {
		p->names[i] = s->annotations.v[i].name;
		p->values[i] = s->annotations.v[i].value;
	}
	p->state = (struct husk_state){
		.size = sizeof p->state,
		.oci_version = or_empty(s->oci_version),
		.id = s->id,
		.status = p->now.status,
		.pid = p->now.pidfd >= 0 ? (pid_t)s->process.pid.value : 0,
		.bundle = or_empty(s->bundle),
		.rootfs = or_empty(s->rootfs),
		.created = or_empty(s->created),
		.owner = (uid_t)opt_u64_or(s->owner, 0),
		.annotation_count = n,
		.annotation_names = p->names,
		.annotation_values = p->values,
	};
	return 0;
}

int husk_container_state(struct husk_container *c, struct husk_state **ret, struct husk_error **err)
{
	struct public_state *p = calloc(1, sizeof *p);
	int r;

	if (!p)
		return fail_memory(err);
	p->now.pidfd = -1;
	r = container_look(c, &p->now, err);
	if (!r)
		r = fill(p, err);
	if (r < 0)
		husk_state_free(&p->state);
	else
		*ret = &p->state;
	return r;
}
