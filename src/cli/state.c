// SPDX-License-Identifier: Apache-2.0
/* One container as a JSON object. */
#include <cli/state.h>

void state_json(struct json_out *json, const struct husk_state *state, const char *owner)
{
	json_open(json, NULL, '{');
	out_json_string(json, "ociVersion", state->oci_version);
	out_json_string(json, "id", state->id);
	json_int(json, "pid", state->pid);
	out_json_string(json, "status", husk_status_name(state->status));
	out_json_string(json, "bundle", state->bundle);
	out_json_string(json, "rootfs", state->rootfs);
	out_json_string(json, "created", state->created);
	if (state->annotation_count) {
		json_open(json, "annotations", '{');
		for (size_t i = 0; i < state->annotation_count; i++)
			out_json_string(
				json, state->annotation_names[i], state->annotation_values[i]);
		json_close(json, '}');
	}
	out_json_string(json, "owner", owner);
	json_close(json, '}');
}
