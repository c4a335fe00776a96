// SPDX-License-Identifier: Apache-2.0
/* The state of a container that is about to be made. */
#include <core/state.h>
#include <base/mem.h>
#include <base/str.h>
#include <core/config.h>
#include <oci/linux.h>

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char *time_text(void)
{
	struct timespec now;
	struct tm tm;
	char date[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	return str_printf("%s.%09ldZ", date, now.tv_nsec);
}

static int copy_annotations(struct state *s, const struct oci_string_map *from)
{
	for (size_t i = 0; i < from->n; i++) {
		struct oci_string_pair *pair = list_add(&s->annotations);

		if (!pair)
			return -ENOMEM;
		pair->name = strdup(from->v[i].name);
		pair->value = strdup(from->v[i].value);
		if (!pair->name || !pair->value)
			return -ENOMEM;
	}
	return 0;
}

int state_begin(struct state *s, const struct husk_config *config, const char *id,
	const struct cgroup_dirs *dirs, struct husk_error **err)
{
	const struct oci_spec *spec = config->spec;

	s->version = (struct opt_u64){true, 1};
	s->id = strdup(id);
	s->oci_version = strdup(spec->oci_version);
	s->bundle = strdup(config->bundle);
	s->rootfs = config->rootfs ? strdup(config->rootfs) : NULL;
	s->created = time_text();
	s->owner = (struct opt_u64){true, geteuid()};
	s->hooks = spec->hooks;
	s->shared_pid = (struct opt_bool){true, !oci_linux_new_namespace(spec->linux, OCI_NS_PID)};
	if (!s->id || !s->oci_version || !s->bundle || !s->created ||
		state_set_cgroups(s, dirs) < 0 || copy_annotations(s, &spec->annotations) < 0)
		return fail_memory(err);
	return 0;
}
