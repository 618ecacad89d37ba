// SPDX-License-Identifier: BSD-2-Clause
/*
 * xdp/: interface name -> mode, attached programs, driver features, the driver's statistics.
 *
 * Every network device of the backend's namespace has an element. Writing one attaches a program
 * (`prog=17 mode=skb`, or the value's JSON, of which mode and prog_id count), deleting detaches.
 */
#include <errno.h>
#include <net/if.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include "control/control_type.h"

struct xdp {
	uint32_t mode, prog_id, drv_prog_id, skb_prog_id, hw_prog_id, ifindex;
	uint64_t features;
	uint64_t packets, drops, redirects, tx, tx_errors;
};

static const char *const mode_names[XDP_MODES] = {
	[XDP_MODE_NONE] = "none", [XDP_MODE_DRV] = "drv",     [XDP_MODE_SKB] = "skb",
	[XDP_MODE_HW] = "hw",	  [XDP_MODE_MULTI] = "multi",
};

#define ADD(member, type) btf__add_field(btf, #member, type, offsetof(struct xdp, member) * 8, 0)

static void describe(struct btf *btf, uint32_t *key_id, uint32_t *value_id)
{
	int u32 = btf__add_int(btf, "__u32", 4, 0), u64 = btf__add_int(btf, "__u64", 8, 0);
	int mode = btf__add_enum(btf, "xdp_mode", 4);

	for (int i = 0; i < XDP_MODES; i++)
		btf__add_enum_value(btf, mode_names[i], i);
	*key_id = (uint32_t)control_btf_chars(btf, IFNAMSIZ);
	*value_id = (uint32_t)btf__add_struct(btf, "xdp", sizeof(struct xdp));
	ADD(mode, mode);
	ADD(prog_id, u32);
	ADD(drv_prog_id, u32);
	ADD(skb_prog_id, u32);
	ADD(hw_prog_id, u32);
	ADD(ifindex, u32);
	ADD(features, u64);
	ADD(packets, u64);
	ADD(drops, u64);
	ADD(redirects, u64);
	ADD(tx, u64);
	ADD(tx_errors, u64);
}

/* The key as a string: at most IFNAMSIZ - 1 characters and the NUL, as names of devices are. */
static int device_of(struct backend *parent, const void *key, struct device_info *device)
{
	if (!memchr(key, '\0', IFNAMSIZ))
		return -ENOENT;
	return device_find(parent, key, device) ? -ENOENT : 0;
}

static int read_device(struct backend *parent, uint32_t ifindex, struct xdp *xdp)
{
	struct xdp_info info;
	int error = xdp_info(parent, ifindex, &info);

	if (error)
		return error;
	*xdp = (struct xdp){
		.mode = info.mode,
		.prog_id = info.prog_id[XDP_MODE_NONE],
		.drv_prog_id = info.prog_id[XDP_MODE_DRV],
		.skb_prog_id = info.prog_id[XDP_MODE_SKB],
		.hw_prog_id = info.prog_id[XDP_MODE_HW],
		.ifindex = ifindex,
		.features = info.features,
		.packets = info.packets,
		.drops = info.drops,
		.redirects = info.redirects,
		.tx = info.tx,
		.tx_errors = info.tx_errors,
	};
	return 0;
}

static int lookup(struct backend *parent, const void *key, void *value)
{
	struct device_info device;
	struct xdp xdp;
	int error = device_of(parent, key, &device);

	if (!error)
		error = read_device(parent, device.ifindex, &xdp);
	if (!error)
		memcpy(value, &xdp, sizeof(xdp));
	return error == -ENODEV ? -ENOENT : error;
}

static int read_all(struct backend *parent, struct buffer *elements)
{
	cleanup_free struct device_info *devices = NULL;
	size_t count;
	int error = device_list(parent, &devices, &count);

	for (size_t i = 0; !error && i < count; i++) {
		char key[IFNAMSIZ] = "";
		struct xdp xdp;

		if (strlen(devices[i].name) >= sizeof(key) || strchr(devices[i].name, ':'))
			continue; /* of another network namespace */
		error = read_device(parent, devices[i].ifindex, &xdp);
		if (error == -ENODEV) { /* gone since, or not of this namespace */
			error = 0;
			continue;
		}
		strcpy(key, devices[i].name);
		buffer_append(elements, key, sizeof(key));
		buffer_append(elements, &xdp, sizeof(xdp));
	}
	return error;
}

/* -ENOENT where nothing is attached; a device stays listed when its program goes. */
static int detach(struct backend *parent, const void *key)
{
	struct device_info device;
	struct xdp_info info;
	int error = device_of(parent, key, &device);

	if (!error)
		error = xdp_info(parent, device.ifindex, &info);
	if (!error && info.mode == XDP_MODE_NONE)
		error = -ENOENT;
	for (int mode = XDP_MODE_DRV; !error && mode < XDP_MODE_MULTI; mode++)
		if (info.prog_id[mode])
			error = xdp_attach(parent, device.ifindex, mode, NULL, false);
	return error;
}

/*
 * The element is there as long as its device is, so BPF_EXIST is BPF_ANY; BPF_NOEXIST attaches
 * only where nothing is attached. A value without a program detaches.
 */
static int update(struct backend *parent, const void *key, const void *value, uint64_t flags)
{
	cleanup_with(handle_closep) struct handle *prog = NULL;
	struct device_info device;
	struct xdp wanted;
	int error = device_of(parent, key, &device);

	memcpy(&wanted, value, sizeof(wanted));
	if (!error && wanted.mode >= XDP_MODE_MULTI)
		error = -EINVAL;
	if (error)
		return error;
	if (!wanted.prog_id)
		return detach(parent, key);
	error = object_open(parent, OBJECT_PROG, wanted.prog_id, 0, &prog);
	if (error)
		return error;
	return xdp_attach(parent, device.ifindex, wanted.mode, prog, flags == BPF_NOEXIST);
}

/* --- "prog=17 mode=skb" --- */

static int parse_prog(struct backend *parent, const char *text, struct xdp *xdp,
		      struct fault *fault)
{
	char *end;
	unsigned long id = strtoul(text, &end, 0);

	if (end == text || *end || *text == '-' || id > INT32_MAX)
		return fault_set(fault, EINVAL, "prog: expected a program id, got \"%s\"", text);
	xdp->prog_id = (uint32_t)id;
	return 0;
}

static int parse_pinned(struct backend *parent, const char *text, struct xdp *xdp,
			struct fault *fault)
{
	cleanup_with(handle_closep) struct handle *prog = NULL;
	int error = pin_open(parent, text, 0, &prog);

	if (!error && prog->kind != OBJECT_PROG)
		error = -EINVAL;
	if (!error)
		error = object_id(prog, &xdp->prog_id);
	return error ? fault_set(fault, -error, "pinned: no program is pinned at \"%s\"", text) : 0;
}

static int parse_mode(struct backend *parent, const char *text, struct xdp *xdp,
		      struct fault *fault)
{
	if (!strcmp(text, "generic"))
		text = mode_names[XDP_MODE_SKB];
	if (!strcmp(text, "native") || !strcmp(text, "driver"))
		text = mode_names[XDP_MODE_DRV];
	for (uint32_t mode = XDP_MODE_DRV; mode < XDP_MODE_MULTI; mode++) {
		if (!strcmp(text, mode_names[mode])) {
			xdp->mode = mode;
			return 0;
		}
	}
	return fault_set(fault, EINVAL, "mode: expected drv, skb or hw, got \"%s\"", text);
}

static const struct {
	const char *name;
	int (*parse)(struct backend *parent, const char *text, struct xdp *xdp,
		     struct fault *fault);
} words[] = {
	{"prog", parse_prog},
	{"pinned", parse_pinned},
	{"mode", parse_mode},
};

static int parse_word(struct backend *parent, char *word, struct xdp *xdp, struct fault *fault)
{
	char *value = strchr(word, '=');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; value && i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i].name))
			return words[i].parse(parent, value, xdp, fault);
	return fault_set(fault, EINVAL, "expected prog=ID, pinned=PATH or mode=MODE, got \"%s\"",
			 word);
}

static int parse_value(struct backend *parent, const char *text, size_t length, void *value,
		       struct fault *fault)
{
	cleanup_free char *copy = strndup(text, length);
	char *rest = copy, *word;
	struct xdp xdp = {0};
	int error = 0;

	if (!copy)
		return -ENOMEM;
	if (copy[strspn(copy, " \t\r\n")] == '{')
		return -ENOSYS; /* JSON */
	while (!error && (word = strsep(&rest, " \t\r\n")))
		if (*word)
			error = parse_word(parent, word, &xdp, fault);
	if (!error && !xdp.prog_id)
		error = fault_set(fault, EINVAL, "which program? expected prog=ID or pinned=PATH");
	if (!error)
		memcpy(value, &xdp, sizeof(xdp));
	return error;
}

/* dev_xdp_attach() and dev_xdp_install() */
static const struct control_reason reasons[] = {
	{ENOENT, "there is no such interface, or no program of this id"},
	{EEXIST, "a program is attached in another mode, and drv and skb cannot be at once:"
		 " rm the interface's file first"},
	{EBUSY, "a program is attached there, and nothing was to be replaced (BPF_NOEXIST), or its"
		" link holds the interface"},
	{EINVAL, "the program is not of type xdp, or is one for devmaps, cpumaps or another device;"
		 " or the driver takes none in this mode (hw: only a program bound to the device)"},
	{EOPNOTSUPP, "the interface's driver has no XDP of its own: mode=skb"},
	{0},
};

const struct control_type xdp_type = {
	.name = "xdp",
	.key_size = IFNAMSIZ,
	.value_size = sizeof(struct xdp),
	.describe = describe,
	.read_all = read_all,
	.lookup = lookup,
	.update = update,
	.delete = detach,
	.parse_value = parse_value,
	.reasons = reasons,
};
