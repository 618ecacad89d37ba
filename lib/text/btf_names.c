// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>
#include "text/btf_names.h"
#include "text/btf_read.h"
#include "text/characters.h"

static bool is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

/* One of the words between the underscores, digits at its end aside. */
bool btf_names_mac(const char *name)
{
	static const char *const words[] = {"mac",   "smac",	"dmac",	  "macaddr", "eth",
					    "ether", "ethaddr", "hwaddr", "lladdr"};

	if (strcmp(name, "h_dest") == 0 || strcmp(name, "h_source") == 0)
		return true;
	while (*name) {
		size_t whole = strcspn(name, "_"), length = whole;

		while (length && is_digit(name[length - 1]))
			length--;
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strlen(words[i]) == length && memcmp(name, words[i], length) == 0)
				return true;
		name += whole;
		name += *name == '_';
	}
	return false;
}

bool btf_names_special(const char *name)
{
	static const char *const names[] = {
		"bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer",   "bpf_wq",
		"bpf_list_head", "bpf_list_node",     "bpf_rb_root", "bpf_rb_node",
		"bpf_refcount",	 "bpf_task_work",     NULL,
	};

	return is_one_of(name, names);
}

/* kptr, kptr_ref, kptr_untrusted, percpu_kptr; "uptr" is user space's to write. */
bool btf_is_kernel_pointer(const struct btf *btf, const struct btf_type *pointer)
{
	const struct btf_type *tag = btf__type_by_id(btf, pointer->type);

	return tag && btf_is_type_tag(tag) && strstr(btf_name(btf, tag->name_off), "kptr");
}
