/* SPDX-License-Identifier: Apache-2.0 */
/* The state document: what hooks and the seccomp agent are given, and what `state` begins with. */
#ifndef HUSK_OCI_STATE_H
#define HUSK_OCI_STATE_H

#include <base/table.h>
#include <oci/types.h>

struct husk_error;

enum oci_status {
	OCI_STATUS_CREATING,
	OCI_STATUS_CREATED,
	OCI_STATUS_RUNNING,
	OCI_STATUS_STOPPED,
	OCI_STATUS_PAUSED, /* not in the spec; every runtime has it */
};

extern const struct name_value oci_statuses[];

struct oci_state {
	char *oci_version, *id;
	struct opt_enum status; /* enum oci_status */
	struct opt_i64 pid;
	char *bundle;
	struct oci_string_map annotations;
};

/* What a seccomp agent hears of a process, together with the descriptors that `fds` names. */
struct oci_process_state {
	char *oci_version;
	struct strv fds;
	struct opt_i64 pid;
	char *metadata;
	struct oci_state *state;
};

extern const struct schema_type oci_state_type, oci_process_state_type;

int oci_state_parse(const char *json, size_t n, struct oci_state **ret, struct husk_error **err)
	nodiscard;
int oci_state_emit(const struct oci_state *state, int indent, char **ret, struct husk_error **err)
	nodiscard;
int oci_process_state_emit(const struct oci_process_state *state, int indent, char **ret,
	struct husk_error **err) nodiscard;
void oci_state_free(struct oci_state *state);

#endif
