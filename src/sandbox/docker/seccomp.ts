/**
 * The system calls that a container may make: an allow-list, written from what a shell, CPython and Node need for work on
 * their own files, memory, threads and children. Everything else fails with EPERM: ptrace, mount, unshare, bpf, keyctl,
 * userfaultfd, perf_event_open, memfd_create (which would go round `noexec`), modules, clocks, namespaces.
 * Decision: only the engine's native architecture is listed, so a call by the 32-bit door ends the process.
 */

interface SyscallArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_MASKED_EQ';
}

interface SyscallRule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
  readonly errnoRet?: number;
  readonly args?: readonly SyscallArgument[];
}

export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ERRNO';
  readonly syscalls: readonly SyscallRule[];
}

const FILES = `
  read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 open openat openat2 creat close close_range
  lseek access faccessat faccessat2 stat lstat fstat newfstatat statx statfs fstatfs getdents getdents64 getcwd chdir
  fchdir mkdir mkdirat rmdir rename renameat renameat2 link linkat unlink unlinkat symlink symlinkat readlink readlinkat
  truncate ftruncate fallocate fsync fdatasync utime utimes utimensat futimesat chmod fchmod fchmodat fchmodat2 umask
  dup dup2 dup3 fcntl flock ioctl copy_file_range sendfile splice tee fadvise64 readahead getxattr lgetxattr fgetxattr
  listxattr llistxattr flistxattr inotify_init inotify_init1 inotify_add_watch inotify_rm_watch pipe pipe2`;

const MEMORY = 'mmap munmap mprotect mremap madvise brk msync mincore membarrier pkey_alloc pkey_free pkey_mprotect';

const PROCESSES = `
  execve exit exit_group wait4 waitid fork vfork getpid getppid gettid getpgid getpgrp setpgid getsid setsid kill tkill
  tgkill pidfd_open pidfd_send_signal rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend
  rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo sigaltstack pause restart_syscall prctl arch_prctl set_tid_address
  set_robust_list get_robust_list futex futex_waitv futex_wake futex_wait rseq sched_yield sched_getaffinity
  sched_setaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min sched_getattr
  getpriority setpriority getrlimit setrlimit prlimit64 getrusage times sysinfo uname getcpu capget getuid geteuid
  getgid getegid getresuid getresgid getgroups getrandom`;

const TIME = `
  clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time alarm setitimer getitimer timer_create
  timer_settime timer_gettime timer_getoverrun timer_delete timerfd_create timerfd_settime timerfd_gettime`;

const WAITING = `
  poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2
  signalfd signalfd4`;

/** On sockets that are open already; which may be opened is said below. */
const SOCKETS = `
  bind connect listen accept accept4 sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown getsockname getpeername
  getsockopt setsockopt`;

/** Newer forms of calls: a library that is told ENOSYS takes the older form, one that is told EPERM gives up. */
const TAKE_THE_OLDER_FORM = 'clone3 io_uring_setup io_uring_enter io_uring_register landlock_create_ruleset';

const ENOSYS = 38;
const AF_UNIX = 1;
const S_IFMT = 0o170_000;
const S_IFIFO = 0o010_000;

/** Every flag of clone(2) that makes a namespace: NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NAMESPACE_FLAGS = 0x0002_0000 + 0x0200_0000 + 0x0400_0000 + 0x0800_0000 + 0x1000_0000 + 0x2000_0000 + 0x4000_0000;

export const SECCOMP_PROFILE: SeccompProfile = {
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [
    allow([FILES, MEMORY, PROCESSES, TIME, WAITING, SOCKETS].join(' ')),
    // Threads and children, but no namespaces.
    allow('clone', { index: 0, value: NAMESPACE_FLAGS, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }),
    // Pipes between processes of the container; nothing that leads out, not even to its own loopback.
    allow('socket socketpair', { index: 0, value: AF_UNIX, op: 'SCMP_CMP_EQ' }),
    // Named pipes, and no other kind of node.
    allow('mknod', { index: 1, value: S_IFMT, valueTwo: S_IFIFO, op: 'SCMP_CMP_MASKED_EQ' }),
    allow('mknodat', { index: 2, value: S_IFMT, valueTwo: S_IFIFO, op: 'SCMP_CMP_MASKED_EQ' }),
    { names: words(TAKE_THE_OLDER_FORM), action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
  ],
};

function allow(names: string, argument?: SyscallArgument): SyscallRule {
  return { names: words(names), action: 'SCMP_ACT_ALLOW', ...(argument ? { args: [argument] } : {}) };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
