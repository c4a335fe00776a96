/* SPDX-License-Identifier: Apache-2.0 */
/* Opening what a plan names: namespace files, bind sources as detached trees, the gate, the container's pidfd. */
#ifndef HUSK_CORE_DESCRIPTORS_H
#define HUSK_CORE_DESCRIPTORS_H

#include <base/error.h>
#include <wire/plan.h>

struct descriptors {
	size_t n;
	int *v;
};

struct descriptor_sources {
	int gate, pidfd; /* borrowed, or -1 */
};

/* As many as the plan names, in its order; an error names the property. */
int descriptors_open(const struct plan_header *plan, const struct descriptor_sources *sources,
	struct descriptors *ret, struct husk_error **err);
void descriptors_done(struct descriptors *d);

#endif
