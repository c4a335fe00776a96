// SPDX-License-Identifier: Apache-2.0
/* Which libseccomp would compile profiles; see seccomp_filter.c for the two ways of reaching it. */
#include <plan/seccomp_filter.h>

#include <base/str.h>

#ifdef HAVE_SECCOMP
#include <seccomp.h>
#ifndef HUSK_SECCOMP_LINKED
#include <dlfcn.h>
#include <string.h>
#endif

static char *text_of(const struct scmp_version *v)
{
	return v ? str_printf("%u.%u.%u", v->major, v->minor, v->micro) : NULL;
}

#ifdef HUSK_SECCOMP_LINKED

char *plan_seccomp_version(void)
{
	return text_of(seccomp_version());
}

#else

char *plan_seccomp_version(void)
{
	void *library = dlopen("libseccomp.so.2", RTLD_NOW | RTLD_LOCAL);
	void *symbol = library ? dlsym(library, "seccomp_version") : NULL;
	__typeof__(&seccomp_version) version = NULL;
	char *text = NULL;

	if (symbol) {
		memcpy(&version, &symbol, sizeof version);
		text = text_of(version());
	}
	if (library)
		dlclose(library);
	return text;
}

#endif
#else

char *plan_seccomp_version(void)
{
	return NULL;
}

#endif
