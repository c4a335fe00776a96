// SPDX-License-Identifier: Apache-2.0
/*
 * The configuration that `husk spec` writes: a shell in a container with everything of its own. For an ordinary user
 * the same with a user namespace, the host's network, and nothing that an ordinary user may not mount.
 */
#include <base/error.h>
#include <base/mem.h>
#include <husk/config.h>
#include <json/write.h>
#include <kern/idmap.h>
#include <kern/probe.h>
#include <oci/linux.h>
#include <oci/mount.h>
#include <oci/resources.h>
#include <oci/spec.h>
#include <schema/schema.h>

#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define CAPABILITIES "[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]"
static const char default_text[] =
"{\"ociVersion\":\"1.3.0\","
"\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
"\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"TERM=xterm\"],\"cwd\":\"/\","
"\"capabilities\":{\"bounding\":" CAPABILITIES ",\"effective\":" CAPABILITIES ",\"permitted\":" CAPABILITIES "},"
"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}],\"noNewPrivileges\":true},"
"\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"husk\","
"\"mounts\":["
"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
 "\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
 "\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},"
"{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
 "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
"{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\",\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\",\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
 "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}],"
"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
 "{\"type\":\"mount\"},{\"type\":\"cgroup\"}],"
"\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},"
"\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\",\"/proc/latency_stats\","
 "\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/sys/firmware\",\"/proc/scsi\"],"
"\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]}}";
/* clang-format on */

static void spec_free_target(struct oci_spec **spec)
{
	oci_spec_free(*spec);
}

static int replace(char **member, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -1;
	free(*member);
	*member = copy;
	return 0;
}

/* The network becomes the host's; a user namespace comes instead. */
static int own_user_namespace(struct oci_linux *l)
{
	struct oci_id_mapping *uid = list_add(&l->uid_mappings), *gid = list_add(&l->gid_mappings);
	struct idmap_range own_uid = idmap_own_uid(), own_gid = idmap_own_gid();

	list_for_each (ns, &l->namespaces)
		if (ns->type.value == OCI_NS_NETWORK)
			ns->type.value = OCI_NS_USER;
	if (!uid || !gid)
		return -1;
	*uid = (struct oci_id_mapping){
		{true, own_uid.container}, {true, own_uid.host}, {true, own_uid.size}};
	*gid = (struct oci_id_mapping){
		{true, own_gid.container}, {true, own_gid.host}, {true, own_gid.size}};
	return 0;
}

/* gid= and uid= name ids that are not mapped. */
static void drop_ids(struct strv *options)
{
	size_t kept = 0;

	for (size_t i = 0; i < options->n; i++) {
		if (!strncmp(options->v[i], "gid=", 4) || !strncmp(options->v[i], "uid=", 4))
			free(options->v[i]);
		else
			options->v[kept++] = options->v[i];
	}
	options->n = kept;
}

/*
 * sysfs may be mounted only by the owner of a network namespace: the host's is bound instead, read-only with all that
 * is mounted below it, or the user's own cgroups of the host could be written to (CVE-2023-25809). Before Linux 5.12
 * only the mount on /sys/fs/cgroup hides them.
 */
static int adapt_mount(struct oci_mount *m)
{
	const char *const options[] = {"rbind", "nosuid", "noexec", "nodev",
		probe_kernel_at_least(5, 12) > 0 ? "rro" : "ro"};
	int r = 0;

	drop_ids(&m->options);
	if (strcmp(m->destination, "/sys") != 0)
		return 0;
	strv_done(&m->options);
	for (size_t i = 0; !r && i < ARRAY_LEN(options); i++)
		r = strv_add(&m->options, options[i]);
	return r < 0 || replace(&m->type, "none") || replace(&m->source, "/sys") ? -1 : 0;
}

/* An ordinary user may often not limit anything. */
static void drop_resources(struct oci_linux *l)
{
	schema_free(&oci_resources_type, l->resources);
	l->resources = NULL;
}

static int make_rootless(struct oci_spec *spec)
{
	int r = own_user_namespace(spec->linux);

	drop_resources(spec->linux);

	list_for_each (m, &spec->mounts)
		if (!r)
			r = adapt_mount(m);
	return r;
}

int husk_config_default(int rootless, char **ret_json, struct husk_error **err)
{
	auto_(spec_free_target) struct oci_spec *spec = NULL;
	int r = oci_spec_parse(default_text, sizeof default_text - 1, &spec, err);

	if (r < 0)
		return r;
	if (rootless && make_rootless(spec))
		return fail_memory(err);
	return oci_spec_emit(spec, JSON_TAB, ret_json, err);
}
