// SPDX-License-Identifier: Apache-2.0
/* Semantic versions (semver.org 2.0.0), as far as the question needs them. */
#include <oci/version.h>

#include <string.h>

#define DIGITS "0123456789"
#define WORD DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"

/* Steps over a number without leading zeros; NULL when there is none. */
static const char *skip_number(const char *s)
{
	size_t n = strspn(s, DIGITS);

	return n && (n == 1 || *s != '0') ? s + n : NULL;
}

/* Steps over words joined by dots; NULL when one is empty. */
static const char *skip_words(const char *s)
{
	for (;; s++) {
		size_t n = strspn(s, WORD);

		if (!n)
			return NULL;
		s += n;
		if (*s != '.')
			return s;
	}
}

enum oci_version_answer oci_version_check(const char *version)
{
	const char *s = version;

	for (int i = 0; i < 3; i++) {
		s = skip_number(s);
		if (!s || (i < 2 && *s++ != '.'))
			return OCI_VERSION_MALFORMED;
	}
	if (*s == '-')
		s = skip_words(s + 1);
	if (s && *s == '+')
		s = skip_words(s + 1);
	if (!s || *s)
		return OCI_VERSION_MALFORMED;
	return strncmp(version, "1.", 2) ? OCI_VERSION_OTHER_MAJOR : OCI_VERSION_OK;
}
