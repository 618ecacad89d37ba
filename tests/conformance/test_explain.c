// SPDX-License-Identifier: BSD-2-Clause
/*
 * explain.h has a sentence of its own for every refusal in the conformance table, and the
 * sentence is about what was refused.
 */
#include <errno.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/explain.h>
#include <bpfuse/map_type.h>
#include <criterion/criterion.h>
#include "creation.h"
#include "table.h"

static struct map_info subject_info(const struct subject *subject)
{
	return (struct map_info){
		.type = subject->type,
		.key_size = subject->key_size,
		.value_size = subject->value_size,
		.max_entries = subject->max_entries,
		.map_flags = subject->flags,
	};
}

/* Without a row of its own a refusal is told by the C library's words. */
static void assert_explained(const struct subject *subject, enum map_operation operation,
			     uint64_t flags, int error, const char *what)
{
	struct map_info info = subject_info(subject);
	struct fault fault = FAULT_INIT;

	cr_assert_eq(explain_map_error(&fault, operation, &info, "7", flags, -error), -error);
	cr_expect(fault.text[0] && !strstr(fault.text, strerror(error_for_user(error))),
		  "%s: %s, flags %#llx, %s: %s", subject->name, what, (unsigned long long)flags,
		  strerrorname_np(error) ? strerrorname_np(error) : "ENOTSUPP", fault.text);
	cr_expect(!strchr(fault.text, '$'), "%s", fault.text);
}

/* -1: bulk commands are told by the element's operation */
static int explained_as(enum operation operation)
{
	static const int operations[OPERATIONS] = {
		[LOOKUP] = MAP_OP_LOOKUP, [UPDATE] = MAP_OP_UPDATE, [DELETE] = MAP_OP_DELETE,
		[NEXT] = MAP_OP_ITERATE,  [TAKE] = MAP_OP_POP,	    [LOOKUP_BATCH] = -1,
		[TAKE_BATCH] = -1,	  [UPDATE_BATCH] = -1,	    [DELETE_BATCH] = -1,
		[FREEZE] = MAP_OP_FREEZE,
	};

	return operations[operation];
}

static void operation_explained(const struct subject *subject, enum operation operation)
{
	const struct probe *probe = probe_get(operation);
	int as = explained_as(operation);

	for (enum state state = 0; as >= 0 && state < STATES; state++) {
		for (const uint64_t *flags = probe->flags; *flags != ANY_FLAGS; flags++) {
			const struct row *row = row_find(subject->type, operation, state, *flags);

			/* Odd flags of lookups never come from a user's command. */
			if (!row || !row->expected || (*flags && operation != UPDATE))
				continue;
			assert_explained(subject, (enum map_operation)as, *flags, row->expected,
					 state_name(state));
		}
	}
}

Test(explain, every_refusal_in_the_table)
{
	for (uint32_t type = 0; type < TYPES; type++)
		for (enum operation operation = 0; operation < OPERATIONS; operation++)
			if (subject_get(type))
				operation_explained(subject_get(type), operation);
}

Test(explain, every_refused_creation)
{
	for (uint32_t type = 0; type < TYPES; type++) {
		for (enum attribute attribute = 0; attribute < ATTRIBUTES; attribute++) {
			struct creation creation = {subject_get(type), attribute, 0};

			for (size_t i = 0;
			     creation.subject && creation_number(attribute, i, &creation.number);
			     i++) {
				const struct creation_row *row = creation_row_find(&creation);
				char text[96];

				creation_describe(&creation, text);
				if (row && row->expected > 0)
					assert_explained(creation.subject, MAP_OP_CREATE, 0,
							 row->expected, text);
			}
		}
	}
}

Test(explain, names_what_it_is_about)
{
	struct map_info info = {.type = 1, .max_entries = 3};
	struct fault fault = FAULT_INIT;

	explain_map_error(&fault, MAP_OP_UPDATE, &info, "10.0.0.1", 0, -E2BIG);
	cr_assert_str_eq(fault.text, "the map is full: max_entries=3");
	explain_map_error(&fault, MAP_OP_DELETE, &info, "10.0.0.1", 0, -ENOENT);
	cr_assert_str_eq(fault.text, "key 10.0.0.1 is not there");
	info.type = 2;
	explain_map_error(&fault, MAP_OP_DELETE, &info, "1", 0, -EINVAL);
	cr_assert(strstr(fault.text, "an array"), "%s", fault.text);
}

Test(explain, articles_and_what_to_do)
{
	static const struct {
		uint32_t type;
		enum map_operation operation;
		int error;
		const char *sentence;
	} known[] = {
		{BPF_MAP_TYPE_RINGBUF, MAP_OP_LOOKUP, ENOTSUPP,
		 "a ringbuf has no elements; read its stream instead"},
		{BPF_MAP_TYPE_USER_RINGBUF, MAP_OP_ITERATE, ENOTSUPP,
		 "a user_ringbuf has no elements; push to it instead"},
		{BPF_MAP_TYPE_LRU_HASH, MAP_OP_CREATE, E2BIG,
		 "the sizes or entries are more than an lru_hash can have"},
		{BPF_MAP_TYPE_PERCPU_ARRAY, MAP_OP_DELETE, EINVAL,
		 "elements of a percpu_array cannot be deleted; write a zero value instead"
		 " (rmdir unpins the map)"},
		{BPF_MAP_TYPE_XSKMAP, MAP_OP_ITERATE, ENOTSUPP,
		 "an xskmap map does not have this operation"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct map_info info = {.type = known[i].type};
		struct fault fault = FAULT_INIT;

		explain_map_error(&fault, known[i].operation, &info, "1", 0, -known[i].error);
		cr_expect_str_eq(fault.text, known[i].sentence, "%s", fault.text);
	}
}

Test(explain, what_is_not_known_is_told_plainly)
{
	struct fault fault = FAULT_INIT;

	cr_assert_eq(explain_map_error(&fault, MAP_OP_UPDATE, NULL, "7", 0, -EIO), -EIO);
	cr_assert(strstr(fault.text, strerror(EIO)), "%s", fault.text);
	cr_assert_eq(explain_map_error(NULL, MAP_OP_UPDATE, NULL, NULL, 0, -EIO), -EIO);
	cr_assert_eq(explain_map_error(&fault, MAP_OP_LOOKUP, NULL, NULL, 0, 0), 0);
}

Test(explain, errors_for_users)
{
	cr_assert_eq(error_for_user(ENOTSUPP), EOPNOTSUPP);
	cr_assert_eq(error_for_user(-ENOTSUPP), -EOPNOTSUPP);
	cr_assert_eq(error_for_user(-EINVAL), -EINVAL);
	cr_assert_eq(error_for_user(0), 0);
}
