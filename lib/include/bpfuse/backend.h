/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The backend table: everything bpfuse asks of the kernel, or of the emulation of it.
 *
 * A backend holds BPF objects (maps, programs, links, BTF) and a tree of pins. lib/kernel/ fills
 * the table with bpf(2) and bpffs, lib/emu/ with objects in memory, lib/control/ with kernel
 * attributes shown as maps, lib/mount/ with the files of a mount of bpfuse; nobody else knows which
 * is which. The rules a backend answers by are those of kernel/bpf/syscall.c and
 * kernel/bpf/inode.c, including the order of the checks.
 *
 * Results: 0 (or what is said) and -errno. -ENOTSUPP (524) is passed through as the kernel gives
 * it; only fs/ and tools/ turn it into EOPNOTSUPP, at their edge. An entry of the table that is
 * NULL answers -EOPNOTSUPP.
 *
 * Threads: every function may be called by any thread at any time, on the same handle too (of
 * lib/mount/: by one thread at a time on a handle). A handle must not be closed while another
 * thread is inside a call on it, nor a backend while a handle or a stream of it is open.
 *
 * Ownership: what a function gives through a `**` is the caller's, also where only "malloc'ed" says
 * so, and is there only if 0 was returned.
 *
 * Handles are what file descriptors are to bpf(2): one open reference, with an access mode. An
 * object lives while a handle, a pin or another object refers to it. handle_fd() gives the
 * number that goes into a map's value where bpf(2) wants a file descriptor; the emulation has
 * its own table of such numbers, so that a wrong one answers EBADF or EINVAL as in the kernel.
 */
#ifndef BPFUSE_BACKEND_H
#define BPFUSE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <jansson.h>
#include <bpfuse/buffer.h>
#include <bpfuse/fault.h>
#include <bpfuse/map_type.h>

#pragma GCC visibility push(default)

#define OBJECT_NAME_MAX 16 /* BPF_OBJ_NAME_LEN: 15 characters and the NUL */

enum object_kind {
	OBJECT_MAP,
	OBJECT_PROG,
	OBJECT_LINK,
	OBJECT_BTF,
};

struct backend;

struct handle {
	struct backend *backend;
	enum object_kind kind;
	int fd; /* the backend's number for this handle; see handle_fd() */
};

/* Who asks, for what bpffs decides or records by the caller: owners, modes, permission. */
struct caller {
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* supplementary groups, group_count of them; may be NULL */
	size_t group_count;
	mode_t umask;
};

/* BPF_MAP_CREATE's attributes. fds are handle_fd() numbers of the same backend. */
struct map_spec {
	uint32_t type, key_size, value_size, max_entries;
	uint32_t map_flags; /* BPF_F_RDONLY and BPF_F_WRONLY become the handle's access mode */
	uint32_t ifindex;   /* not 0: device-bound */
	uint32_t numa_node;
	uint64_t map_extra;
	int inner_map_fd; /* map-in-map; -1: none given (sent as 0) */
	int btf_fd;	  /* -1: no BTF (sent as 0) */
	uint32_t btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
	char name[OBJECT_NAME_MAX + 1]; /* may hold 16 characters, which the kernel refuses */
};

#define MAP_SPEC_INIT                                                                              \
	{                                                                                          \
		.inner_map_fd = -1, .btf_fd = -1                                                   \
	}

/* struct bpf_map_info, from any kernel: fields an older one does not know are 0. */
struct map_info {
	uint32_t type, id, key_size, value_size, max_entries, map_flags, ifindex;
	uint32_t btf_id, btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id,
		btf_vmlinux_id;
	uint64_t map_extra, netns_dev, netns_ino;
	char name[OBJECT_NAME_MAX];
};

/* What the kernel tells of a map in /proc/PID/fdinfo, also when its device has gone. */
struct map_state {
	uint32_t type, key_size, value_size, max_entries, map_flags;
	uint64_t map_extra;
	uint64_t memlock; /* bytes, an estimate */
	bool frozen;
	bool owned;		  /* owner_* are meaningful */
	uint32_t owner_prog_type; /* enum bpf_prog_type */
	bool owner_jited;
};

struct prog_info {
	uint32_t type, id, ifindex, btf_id, created_by_uid;
	uint32_t xlated_len, jited_len, verified_insns;
	uint32_t attach_btf_id, attach_btf_obj_id;
	uint64_t load_time; /* ns since boot */
	uint64_t run_time_ns, run_cnt, recursion_misses;
	uint64_t netns_dev, netns_ino;
	unsigned char tag[8];
	bool gpl_compatible;
	char name[OBJECT_NAME_MAX];
	uint32_t map_count;
	uint32_t *map_ids; /* owned by this struct: prog_info_free() */
};
void prog_info_free(struct prog_info *info);

struct link_info {
	uint32_t type, id, prog_id;
	json_t *detail; /* an object, what belongs to this type of link; owned: link_info_free() */
};
void link_info_free(struct link_info *info);

/* A pin tree entry, as readdir gives it. */
struct tree_entry {
	char *name;
	mode_t type; /* S_IFDIR, S_IFLNK or S_IFREG (a pin) */
	ino_t ino;
};

struct holder {
	pid_t pid;
	char comm[16];
};

/*
 * A network device, as objects bound to it and devmap entries see it. Names are those of the
 * backend's own network namespace; a device elsewhere, known only by what is bound to it, is
 * called "netns-INO:IFINDEX" (':' is in no device's name).
 */
#define DEVICE_NAME_MAX 48
struct device_info {
	uint32_t ifindex;
	char name[DEVICE_NAME_MAX];
	uint64_t netns_dev, netns_ino; /* as in map_info */
	bool offload; /* objects are bound to it, or can be (emulated): devices.offload lists it */
};

/* What can be read from a device, and for some be written, as text without a newline. */
enum device_attribute {
	DEVICE_INFO,   /* one JSON object: ifindex, driver, netns, limits; read-only */
	DEVICE_DRIVER, /* "netdevsim", "nfp", "generic" */
	DEVICE_LIMITS, /* "max_entries=2 ..."; writable where the driver lets the user set them */
	DEVICE_NETNS,  /* name of the (emulated) network namespace; writing moves the device */
	DEVICE_ASIC,   /* devices of one ASIC are ports of one device and share its maps */
	DEVICE_ACCEPT, /* 0: new maps are refused */
	DEVICE_LATENCY_US, /* each operation sleeps this long, in microseconds */
	DEVICE_FAIL,	   /* faults to inject, a line each: OP ERRNO [COUNT] */
	DEVICE_STATS,	   /* calls of each operation, a line each: OP CALLS */
	DEVICE_ATTRIBUTES, /* how many there are */
};

/* How XDP programs sit on a device: XDP_ATTACHED_* of linux/if_link.h, with its numbers. */
enum xdp_mode {
	XDP_MODE_NONE, /* attaching: as the device can */
	XDP_MODE_DRV,
	XDP_MODE_SKB, /* "generic" */
	XDP_MODE_HW,
	XDP_MODE_MULTI, /* attached in more than one mode; never asked for */
	XDP_MODES,
};

struct xdp_info {
	uint32_t mode;		     /* enum xdp_mode */
	uint32_t prog_id[XDP_MODES]; /* by mode; NONE: the one, if it is one alone */
	uint64_t features;	     /* NETDEV_XDP_ACT_* bits; 0 where the kernel does not tell */
	/* What the driver counts, all queues together; 0 where it does not. */
	uint64_t packets, drops, redirects, tx, tx_errors;
};

/* A socket, from sock_diag. */
struct socket_info {
	uint64_t cookie;
	uint32_t family, type, protocol, state;
	char source[108], destination[108]; /* addresses as text; a path for AF_UNIX */
	uint16_t source_port, destination_port;
	uint32_t mark, ifindex, uid, inode;
};

/* One open reader of a ringbuf or perf event array (stream_open). */
struct stream;

struct backend_ops {
	const char *name; /* "kernel", "emu", ... */
	void (*close)(struct backend *backend);

	/* --- objects --- */
	int (*map_create)(struct backend *backend, const struct map_spec *spec,
			  struct handle **map);
	/* BPF_*_GET_FD_BY_ID; open_flags: 0, BPF_F_RDONLY or BPF_F_WRONLY (maps only). */
	int (*object_open)(struct backend *backend, enum object_kind kind, uint32_t id,
			   uint32_t open_flags, struct handle **handle);
	/* BPF_*_GET_NEXT_ID: the smallest id above `after`; -ENOENT at the end. */
	int (*object_next)(struct backend *backend, enum object_kind kind, uint32_t after,
			   uint32_t *id);
	void (*handle_close)(struct handle *handle);

	int (*map_info)(struct handle *map, struct map_info *info);
	int (*map_state)(struct handle *map, struct map_state *state);
	int (*prog_info)(struct handle *prog, struct prog_info *info);
	/* Translated instructions; *bytes is malloc'ed. -EPERM where the kernel hides them. */
	int (*prog_xlated)(struct handle *prog, void **bytes, size_t *length);
	int (*link_info)(struct handle *link, struct link_info *info);
	int (*link_detach)(struct handle *link);

	/* BPF_BTF_LOAD, and a BTF object's raw bytes (*bytes is malloc'ed). */
	int (*btf_load)(struct backend *backend, const void *bytes, size_t length,
			struct handle **btf);
	int (*btf_bytes)(struct handle *btf, void **bytes, size_t *length);

	/* Processes that hold the object open, this one left out. *holders is malloc'ed. */
	int (*object_holders)(struct handle *handle, struct holder **holders, size_t *count);

	/* --- elements; keys and values have the sizes of the map's info (map_value_bytes()) --- */
	int (*map_lookup)(struct handle *map, const void *key, void *value, uint64_t flags);
	int (*map_update)(struct handle *map, const void *key, const void *value, uint64_t flags);
	int (*map_delete)(struct handle *map, const void *key);
	/* key NULL: the first one. -ENOENT behind the last. */
	int (*map_next_key)(struct handle *map, const void *key, void *next);
	int (*map_lookup_and_delete)(struct handle *map, const void *key, void *value,
				     uint64_t flags);
	/*
	 * in NULL: from the start. out (and so the next in) is opaque, at least
	 * max(key_size, 4) bytes. *count: room on the way in, elements on the way out, also with
	 * -ENOENT (the end, perhaps with elements) and other errors.
	 */
	int (*map_lookup_batch)(struct handle *map, const void *in, void *out, void *keys,
				void *values, uint32_t *count, uint64_t elem_flags);
	int (*map_lookup_and_delete_batch)(struct handle *map, const void *in, void *out,
					   void *keys, void *values, uint32_t *count,
					   uint64_t elem_flags);
	int (*map_update_batch)(struct handle *map, const void *keys, const void *values,
				uint32_t *count, uint64_t elem_flags);
	int (*map_delete_batch)(struct handle *map, const void *keys, uint32_t *count,
				uint64_t elem_flags);
	int (*map_freeze)(struct handle *map);
	/*
	 * For journals of queues and stacks: where taking an element out gives text (a mount), that
	 * text, written into `text` by the very system call that takes it out, and ended by a NUL
	 * where it is shorter than `room`; map_popped_value() makes the value of it. -EOPNOTSUPP:
	 * map_lookup_and_delete() itself writes the value in that call.
	 */
	int (*map_pop_text)(struct handle *map, char *text, size_t room);
	int (*map_popped_value)(struct handle *map, const char *text, void *value);

	/*
	 * A reader of a ringbuf's or perf event array's records. stream_poll_fd() is readable
	 * when records wait; read gives one record at a time (*record is malloc'ed), -EAGAIN when
	 * there is none. *lost is how many the kernel said it dropped since the last read.
	 */
	int (*stream_open)(struct handle *map, struct stream **stream);
	/* The stream's own: not to be closed. */
	int (*stream_poll_fd)(struct stream *stream);
	int (*stream_read)(struct stream *stream, void **record, size_t *length, uint64_t *lost);
	void (*stream_close)(struct stream *stream);
	/* user_ringbuf: one record in; -ENOSPC when full. */
	int (*stream_push)(struct handle *map, const void *record, size_t length);

	/*
	 * --- network devices; kernel/bpf/offload.c's side of the world. The backend's own
	 * network namespace is meant wherever a name or an ifindex is given. ---
	 */
	/* Every network device there is; *devices is malloc'ed. */
	int (*device_list)(struct backend *backend, struct device_info **devices, size_t *count);
	/* By name, also one that device_info.offload does not say is listed; else -ENODEV. */
	int (*device_find)(struct backend *backend, const char *name, struct device_info *info);
	int (*device_by_ifindex)(struct backend *backend, uint32_t ifindex,
				 struct device_info *info);
	/* Register and unregister; -EOPNOTSUPP where devices come from elsewhere. */
	int (*device_add)(struct backend *backend, const char *name);
	int (*device_remove)(struct backend *backend, const char *name);
	int (*device_rename)(struct backend *backend, const char *from, const char *to);
	/* -EOPNOTSUPP: this backend does not have the attribute. */
	int (*device_get)(struct backend *backend, const char *name,
			  enum device_attribute attribute, struct buffer *out);
	int (*device_set)(struct backend *backend, const char *name,
			  enum device_attribute attribute, const char *text, size_t length,
			  struct fault *fault);

	/* --- what control maps show (lib/control/) --- */
	int (*xdp_info)(struct backend *backend, uint32_t ifindex, struct xdp_info *info);
	/*
	 * prog NULL: detach what is attached in that mode. only_new: -EBUSY if there is one
	 * (XDP_FLAGS_UPDATE_IF_NOEXIST).
	 */
	int (*xdp_attach)(struct backend *backend, uint32_t ifindex, enum xdp_mode mode,
			  struct handle *prog, bool only_new);
	/* BPF_ENABLE_STATS, held until it is switched off or the backend closes. */
	int (*stats_enable)(struct backend *backend, bool enable);
	int (*stats_enabled)(struct backend *backend, bool *enabled);
	/* *sockets is malloc'ed. */
	int (*socket_list)(struct backend *backend, struct socket_info **sockets, size_t *count);

	/*
	 * A form of writing a value that its type alone does not give, such as "prog=17 mode=skb"
	 * for a control map. The codec asks here first; -ENOSYS: not such a form, go by the type.
	 */
	int (*map_parse_value)(struct handle *map, const char *text, size_t length, void *value,
			       struct fault *fault);
	/* Why an update failed, where that is not what it is with BPF's own maps; NULL: it is. */
	const char *(*map_update_reason)(struct handle *map, int error);

	/*
	 * --- the pin tree; paths are relative to its root, "" is the root itself, no leading
	 * slash. A symlink as the last component is not followed; on the way the emulation
	 * follows it, as path_lookupat() does, and the kernel backend does not (-ENOTDIR), since
	 * it could lead out of the tree. Errors are bpffs's own, -EPERM for a dot in a name among
	 * them. ---
	 */
	int (*tree_stat)(struct backend *backend, const char *path, struct stat *st);
	/* *entries: malloc'ed array of *count, names malloc'ed: tree_entries_free(). */
	int (*tree_list)(struct backend *backend, const char *path, struct tree_entry **entries,
			 size_t *count);
	int (*tree_readlink)(struct backend *backend, const char *path, char *target, size_t size);
	int (*tree_mkdir)(struct backend *backend, const struct caller *caller, const char *path,
			  mode_t mode);
	int (*tree_symlink)(struct backend *backend, const struct caller *caller,
			    const char *target, const char *path);
	int (*tree_rmdir)(struct backend *backend, const struct caller *caller, const char *path);
	int (*tree_unlink)(struct backend *backend, const struct caller *caller, const char *path);
	int (*tree_rename)(struct backend *backend, const struct caller *caller, const char *from,
			   const char *to, unsigned flags);
	int (*tree_chmod)(struct backend *backend, const struct caller *caller, const char *path,
			  mode_t mode);
	/* uid or gid (uid_t)-1: as it is. */
	int (*tree_chown)(struct backend *backend, const struct caller *caller, const char *path,
			  uid_t uid, gid_t gid);
	int (*tree_utimens)(struct backend *backend, const struct caller *caller, const char *path,
			    const struct timespec times[2]);
	int (*tree_statfs)(struct backend *backend, struct statvfs *st);
	/* BPF_OBJ_PIN: mode 0600 & ~caller->umask, owner from caller. */
	int (*pin)(struct handle *handle, const struct caller *caller, const char *path);
	/*
	 * BPF_OBJ_GET; the handle's kind tells what it is. open_flags as object_open(). A symlink
	 * at the end is followed by the emulation, -EACCES for the kernel backend.
	 */
	int (*pin_open)(struct backend *backend, const char *path, uint32_t open_flags,
			struct handle **handle);
};

struct backend {
	const struct backend_ops *ops;
	unsigned possible_cpus;
	bool read_only;	  /* the wrappers below answer -EROFS to every change */
	bool takes_files; /* the number of a file, in a key or value, is of one open in this process
			   */
	/* Tells it from all others of its kind while this machine runs; 0: there is but one. */
	uint64_t instance;
	/* image:DIR: the snapshot that it was loaded from, from the root on; owned, may be NULL. */
	char *origin;
	char *roots[2]; /* see backend_add_root(); owned, freed by backend_close() */
};

/*
 * Makes a directory known as the pin tree's root under another path: the bpffs itself, a mount
 * of bpfuse. Called before the backend is shared among threads, at most twice.
 */
int backend_add_root(struct backend *backend, const char *directory);
/* A user's path of a pin, absolute or relative to the root, as the tree's functions take it. */
const char *pin_path(const struct backend *backend, const char *path);

/*
 * Opens what SOURCE says (bpfuse(8)): a directory on bpffs, "emu", "emu:SCENARIO.json" or
 * "image:DIR". On failure -errno and a sentence that says what was tried
 * and what to do.
 */
struct backend_options {
	bool read_only;
	bool read_write; /* -o rw was said: an image may be edited */
};
int backend_open(const char *source, const struct backend_options *options,
		 struct backend **backend, struct fault *fault);
/* NULL is allowed. */
void backend_close(struct backend *backend);

/* The same names as in the table, through it: checks for NULL entries and for read_only. */
int map_create(struct backend *backend, const struct map_spec *spec, struct handle **map);
int object_open(struct backend *backend, enum object_kind kind, uint32_t id, uint32_t open_flags,
		struct handle **handle);
int object_next(struct backend *backend, enum object_kind kind, uint32_t after, uint32_t *id);
/* NULL is allowed. */
void handle_close(struct handle *handle);
/* For cleanup_with(). */
void handle_closep(struct handle **handle);
static inline int handle_fd(const struct handle *handle)
{
	return handle->fd;
}

int map_info(struct handle *map, struct map_info *info);
int map_state(struct handle *map, struct map_state *state);
int prog_info(struct handle *prog, struct prog_info *info);
int prog_xlated(struct handle *prog, void **bytes, size_t *length);
int link_info(struct handle *link, struct link_info *info);
int link_detach(struct handle *link);
int btf_load(struct backend *backend, const void *bytes, size_t length, struct handle **btf);
int btf_bytes(struct handle *btf, void **bytes, size_t *length);
int object_holders(struct handle *handle, struct holder **holders, size_t *count);
/* The id of any handle, whatever its kind; 0 and an error if it has none any more. */
int object_id(struct handle *handle, uint32_t *id);

int map_lookup(struct handle *map, const void *key, void *value, uint64_t flags);
int map_update(struct handle *map, const void *key, const void *value, uint64_t flags);
int map_delete(struct handle *map, const void *key);
int map_next_key(struct handle *map, const void *key, void *next);
int map_lookup_and_delete(struct handle *map, const void *key, void *value, uint64_t flags);
int map_lookup_batch(struct handle *map, const void *in, void *out, void *keys, void *values,
		     uint32_t *count, uint64_t elem_flags);
int map_lookup_and_delete_batch(struct handle *map, const void *in, void *out, void *keys,
				void *values, uint32_t *count, uint64_t elem_flags);
int map_update_batch(struct handle *map, const void *keys, const void *values, uint32_t *count,
		     uint64_t elem_flags);
int map_delete_batch(struct handle *map, const void *keys, uint32_t *count, uint64_t elem_flags);
int map_freeze(struct handle *map);
int map_pop_text(struct handle *map, char *text, size_t room);
int map_popped_value(struct handle *map, const char *text, void *value);

int device_list(struct backend *backend, struct device_info **devices, size_t *count);
int device_find(struct backend *backend, const char *name, struct device_info *info);
int device_by_ifindex(struct backend *backend, uint32_t ifindex, struct device_info *info);
int device_add(struct backend *backend, const char *name);
int device_remove(struct backend *backend, const char *name);
int device_rename(struct backend *backend, const char *from, const char *to);
int device_get(struct backend *backend, const char *name, enum device_attribute attribute,
	       struct buffer *out);
int device_set(struct backend *backend, const char *name, enum device_attribute attribute,
	       const char *text, size_t length, struct fault *fault);
int xdp_info(struct backend *backend, uint32_t ifindex, struct xdp_info *info);
int xdp_attach(struct backend *backend, uint32_t ifindex, enum xdp_mode mode, struct handle *prog,
	       bool only_new);
int stats_enable(struct backend *backend, bool enable);
int stats_enabled(struct backend *backend, bool *enabled);
int socket_list(struct backend *backend, struct socket_info **sockets, size_t *count);
/* -ENOSYS where the backend has no such forms. */
int map_parse_value(struct handle *map, const char *text, size_t length, void *value,
		    struct fault *fault);
/* NULL where the backend has no such reasons; explain_map_error() knows the others. */
const char *map_update_reason(struct handle *map, int error);

int stream_open(struct handle *map, struct stream **stream);
int stream_push(struct handle *map, const void *record, size_t length);

int tree_stat(struct backend *backend, const char *path, struct stat *st);
int tree_list(struct backend *backend, const char *path, struct tree_entry **entries,
	      size_t *count);
void tree_entries_free(struct tree_entry *entries, size_t count);
int tree_readlink(struct backend *backend, const char *path, char *target, size_t size);
int tree_mkdir(struct backend *backend, const struct caller *caller, const char *path, mode_t mode);
int tree_symlink(struct backend *backend, const struct caller *caller, const char *target,
		 const char *path);
int tree_rmdir(struct backend *backend, const struct caller *caller, const char *path);
int tree_unlink(struct backend *backend, const struct caller *caller, const char *path);
int tree_rename(struct backend *backend, const struct caller *caller, const char *from,
		const char *to, unsigned flags);
int tree_chmod(struct backend *backend, const struct caller *caller, const char *path, mode_t mode);
int tree_chown(struct backend *backend, const struct caller *caller, const char *path, uid_t uid,
	       gid_t gid);
int tree_utimens(struct backend *backend, const struct caller *caller, const char *path,
		 const struct timespec times[2]);
int tree_statfs(struct backend *backend, struct statvfs *st);
int pin(struct handle *handle, const struct caller *caller, const char *path);
int pin_open(struct backend *backend, const char *path, uint32_t open_flags,
	     struct handle **handle);

/*
 * Calls `visit` for every pin below `path`, depth first, with its path (valid during the call);
 * stops at the first result that is not 0 and returns it.
 */
int pins_visit(struct backend *backend, const char *path,
	       int (*visit)(void *context, const char *path, const struct stat *st), void *context);

#pragma GCC visibility pop

#endif
