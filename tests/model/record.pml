/*
 * The record as a protocol: what src/liveconfig/memory/record.py does, step by step.
 *
 * Owns: the steps of the writer and of the readers, the memory between them, what must
 *     never happen.
 * Must not know: which variants are looked at and what is expected of them (run.py).
 * Runs in: spin, which visits every state that can be reached.
 *
 * The marks C1, W1, R1 ... stand at the same steps in record.py: C for the claim, W for
 * publish, R for read.
 *
 * Modelled:
 * - One writer at a time. It may die before and after each of its stores, CRASHES times
 *   in all, and may have a successor or not. What it had stored stays stored; what it
 *   had not never happens.
 * - Payloads of one or two words. Each word names the attempt that stored it, so a value
 *   that is put together from two attempts shows.
 * - Memory in any order (arm64, and weaker). Every store becomes visible when it likes,
 *   to each reader at another time, and a slot's words are loaded in any order. Three
 *   orders hold, and no other: the stores to one word are seen in their order; a slot is
 *   loaded after the head, for its address is computed from what the head held; what was
 *   stored before a kernel's lock was given up is visible before anything that is stored
 *   after that lock was taken again.
 * - The claim is such an order: it is a file's lock, which the kernel takes back when the
 *   dead process has no mapping of the memory left, and it hands out and takes back under
 *   one lock of its own.
 * - Memory in order (IN_ORDER: x86-64). A store becomes visible when it is made. That it
 *   may wait there too adds nothing: the writer loads nothing that a reader stores, so
 *   a store that waits looks like a writer that is slow.
 *
 * - Damage while there is no writer (ZEROED): between a writer's death and its successor
 *   all words become 0, as if nothing had ever been published. The master, which looks
 *   at the head now and then, knows one of the versions that there were, and passes it on.
 *
 * Not modelled:
 * - Collisions of the checksum: here it fits if, and only if, version, length and payload
 *   are of one publication. CRC-32 lets one mixture in four thousand million pass.
 * - Words torn in themselves: an aligned word is stored at once.
 * - Payloads of no word and of more than two.
 */

#define PUBLICATIONS 3

/* The code skips a million. It must be more than the master may have missed, and even. */
#ifdef ZEROED
#define SKIPPED 2
#define VERSIONS (PUBLICATIONS + SKIPPED + 1)
#elif defined(WITH_ABOVE)
#define VERSIONS (PUBLICATIONS + 2)
#else
#define VERSIONS PUBLICATIONS
#endif

#ifndef CRASHES
#define CRASHES 1
#endif

#ifndef READERS
#define READERS 1
#endif

/* The code has 100. Nothing but their number is carried from one try to the next. */
#ifndef TRIES_MAX
#define TRIES_MAX 2
#endif

#if defined(WITHOUT_CLAIM) || defined(WITHOUT_ORDER_AT_CLAIM) || defined(WITHOUT_GOING_ON)
#define ATTEMPTS (2 * PUBLICATIONS + CRASHES) /* Versions may be published twice. */
#else
#define ATTEMPTS (VERSIONS + CRASHES)
#endif
#define NO_CHECKSUM (ATTEMPTS + 1)
#define JUNK (ATTEMPTS + 2)
#define LENGTH_MAX 2

/* The words in memory: the head, and five in each slot. */
#define HEAD 0
#define VERSION 1
#define LENGTH 2
#define CHECKSUM 3
#define PAYLOAD 4
#define SLOT_WORDS 5
#define WORDS 11

#ifdef WITHOUT_SECOND_SLOT
#define SLOT(version) 0
#else
#define SLOT(version) (((version) % 2) * SLOT_WORDS)
#endif

/* ---- What is so, whoever can see it. ---- */

byte attempts;                     /* To publish, by all writers so far. */
byte version_of[ATTEMPTS + 1];     /* By number of the attempt, from 1. */
byte length_of[ATTEMPTS + 1];
byte published[VERSIONS + 1];      /* By version: the attempt that published it. */
byte newest;                       /* The version published last. */
byte crashes;
byte known;                        /* A version that the master has seen. */
bool is_zeroed;
bool is_claimed;
bool is_over;                      /* No writer comes any more, and all is visible. */

/* ---- What must be so. A run looks at one of these, so that it tells which broke. ---- */

#ifdef WHOLE
#define MUST_BE_WHOLE(fact) assert(fact)
#else
#define MUST_BE_WHOLE(fact) skip
#endif

#ifdef GROWS
#define MUST_GROW(fact) assert(fact)
#else
#define MUST_GROW(fact) skip
#endif

#ifdef ARRIVES
#define MUST_ARRIVE(fact) assert(fact)
#else
#define MUST_ARRIVE(fact) skip
#endif

/* The fourth, that a read ends, is a search for a cycle without the progress label. */

/* ---- Memory. ---- */

#ifdef IN_ORDER

byte memory[WORDS];
byte stored, ordered; /* They mean nothing here. */

inline store(word, what) {
    memory[word] = what
}

inline load(word, from, into) {
    into = memory[word]
}

#else

#define STORES (8 * ATTEMPTS + 2)

/* All stores so far in the order they were made in, from 1. */
byte store_word[STORES], store_value[STORES];
byte stored;
byte ordered; /* The newest store that is certain to be visible, like all before it. */

inline store(word, what) {
    stored++;
    store_word[stored] = word;
    store_value[stored] = what
}

/* Find any store to the word that is newer than `from`, or the newest that is not. */
inline load(word, from, into) {
    at = stored;
    do
    :: at == 0 -> break
    :: at > 0 && store_word[at] == word -> break
    :: at > 0 && (store_word[at] != word || at > from) -> at--
    od;
    into = (at == 0 -> 0 : store_value[at])
}

#endif

/* ---- The writer; the next one goes on at its beginning. ---- */

#define OR_DIE :: crashes < CRASHES -> crashes++; goto dead

#ifdef WITHOUT_CLAIM
#define WRITERS 2
#define MAY_CLAIM true
#else
#define WRITERS 1
#define MAY_CLAIM !is_claimed
#endif

#ifdef WITHOUT_ORDER_AT_CLAIM
#define ORDER_AT_CLAIM skip
#else
#define ORDER_AT_CLAIM ordered = stored
#endif

#ifdef WITHOUT_ORDER_AFTER_WIPE
#define ORDER_AFTER_WIPE skip
#else
#define ORDER_AFTER_WIPE ordered = stored
#endif

#ifdef WITH_ANY_LENGTH
#define CHOOSE_LENGTH if :: length_of[me] = 1 :: length_of[me] = 2 fi
#else
/* 1, 2, 2, 1, 1: each way of filling a slot again, shorter, longer and equal. */
#define CHOOSE_LENGTH length_of[me] = 1 + (me / 2) % 2
#endif

#define PUBLISH_HEAD atomic { \
    store(HEAD, version); \
    MUST_BE_WHOLE(published[version] == 0); \
    published[version] = me; \
    newest = version; \
    own = stored \
}

/* Above a version of another record: what is next to that in the other slot. */
#ifdef WITHOUT_OTHER_SLOT
#define ABOVE 2
#else
#define ABOVE 3
#endif

#ifdef ZEROED
#define HEAD_AT_LEAST(base) head = (head < base -> base : head)
#define IS_DONE (is_zeroed -> head > base : head >= PUBLICATIONS)
#else
#define HEAD_AT_LEAST(base) skip
#define IS_DONE head >= PUBLICATIONS
#endif

#ifdef WITHOUT_PASSING_ON
#define PASSED_ON 0
#else
#define PASSED_ON known
#endif

active [WRITERS] proctype Writer() {
    byte head, version, me, at;
    byte base;
    byte own; /* It sees its own stores at once, and what was visible to it before. */

end_begin:
    atomic {
        MAY_CLAIM && !is_over -> is_claimed = true; /* C1 */
        ORDER_AT_CLAIM;
        own = ordered
    };
#ifdef ZEROED
    if
    :: crashes > 0 && !is_zeroed -> atomic {
            is_zeroed = true;
            at = 0;
            do
            :: at < WORDS -> memory[at] = 0; at++
            :: else -> break
            od;
            /* It has seen the first: before that, nobody is served. */
            known = (newest == 0 -> 0 : 1);
            do
            :: known < newest -> known++
            :: break
            od;
            at = 0
        }
    :: else
    fi;
    atomic { /* C4 */
        load(HEAD, own, head);
        base = (head < PASSED_ON -> PASSED_ON + SKIPPED : 0);
        head = 0;
        at = 0
    };
#endif
#ifndef WITHOUT_WIPE
    atomic { load(HEAD, own, head); at = 0 };
    if
    :: atomic { store(SLOT(head + 1) + CHECKSUM, NO_CHECKSUM); head = 0 } /* C2 */
    OR_DIE
    fi;
    if
    :: ORDER_AFTER_WIPE /* C3 */
    OR_DIE
    fi;
#endif
    do
    :: atomic {
#ifdef WITHOUT_GOING_ON
            head = version;
#else
            /* The code counts on from the head that it found at its claim: the same. */
            load(HEAD, own, head); /* W1 */
#endif
            HEAD_AT_LEAST(base);
            at = 0;
            if
            :: IS_DONE -> break
            :: else
            fi;
            version = head + 1;
#ifdef WITH_ABOVE
            if
            :: true
            :: true -> version = head + ABOVE
            fi;
#endif
            head = 0;
            attempts++;
            me = attempts;
            version_of[me] = version;
            CHOOSE_LENGTH
        };
#ifdef WITH_HEAD_FIRST
        if
        :: PUBLISH_HEAD
        OR_DIE
        fi;
#endif
#ifndef WITHOUT_ZERO
        if
        :: atomic { store(SLOT(version) + VERSION, 0) } /* W2 */
        OR_DIE
        fi;
#endif
        if
        :: atomic { store(SLOT(version) + PAYLOAD, me) } /* W3 */
        OR_DIE
        fi;
        if
        :: atomic { length_of[me] > 1 -> store(SLOT(version) + PAYLOAD + 1, me) }
        :: length_of[me] == 1
        OR_DIE
        fi;
        if
        :: atomic { store(SLOT(version) + LENGTH, length_of[me]) } /* W4 */
        OR_DIE
        fi;
        if
        :: atomic { store(SLOT(version) + CHECKSUM, me) } /* W5 */
        OR_DIE
        fi;
        if
        :: atomic { store(SLOT(version) + VERSION, version) } /* W6 */
        OR_DIE
        fi;
#ifndef WITH_HEAD_FIRST
        if
        :: PUBLISH_HEAD /* W7 */
        OR_DIE
        fi;
#endif
    od;
    goto over;
dead:
    atomic {
        head = 0;
        version = 0;
        me = 0;
        own = 0;
        is_claimed = false;
        if
        :: goto end_begin
        :: goto over
        fi
    };
over:
    atomic { is_over = true; ordered = stored }
}

/* ---- The readers. ---- */

#ifdef WITHOUT_CHECKSUM
#define CHECKSUM_FITS true
#else
#ifdef WITHOUT_VERSION_IN_CHECKSUM
#define VERSION_FITS true
#else
#define VERSION_FITS version_of[sum] == version
#endif
#define CHECKSUM_FITS (sum > 0 && sum <= ATTEMPTS && VERSION_FITS && \
    length_of[sum] == length && first == sum && (length < 2 || second == sum))
#endif

#ifdef WITHOUT_TRIES_MAX
#define MAY_TRY_AGAIN true
#else
#define MAY_TRY_AGAIN tries < TRIES_MAX /* R1 */
#endif

/*
 * In memory of any order a load may find whatever was visible at any time since the head
 * was loaded. So to make all loads of a slot at the last moment leaves nothing out, and
 * is far less to visit.
 */
#ifdef IN_ORDER
#define AT_ONCE
#define STEP atomic
#else
#define AT_ONCE atomic
#define STEP
#endif

#ifdef WITHOUT_OLDER
#define OLDER false
#else
#define OLDER version < held
#endif

#ifdef WITHOUT_HEAD_LOADED_FIRST
#define SINCE since /* Loads of the slot ran ahead, but not of the read before. */
#define FORGET_SINCE since = ordered
#else
#define SINCE ordered
#define FORGET_SINCE since = 0
#endif

#define HOLDS_NEWEST (held == newest && held_attempt == published[newest])

inline LOOK_AT_HEAD() {
    if
    :: seen < ordered -> seen = ordered
    :: else
    fi;
    load(HEAD, seen, version); /* R2 */
    seen = at;
    at = 0;
    since = SINCE;
    if
    :: version == held -> /* R3 */
        MUST_ARRIVE(!is_last || HOLDS_NEWEST);
        goto ended
    :: version != held && OLDER -> goto failed /* R4 */
    :: else
    fi
}

/* What a try leaves is the same whatever it found, so that fewer states differ. */
#define FORGET \
    version = 0; length = 0; looked = 0; sum = 0; first = 0; second = 0; \
    at = 0

active [READERS] proctype Reader() {
    byte held, held_attempt, tries, version, length, looked, sum, first, second, at;
    byte seen;  /* The newest store to the head that it saw: it sees no older one. */
    byte since; /* The newest store that was visible when the head was loaded. */
    bool is_last;

progress: /* Between two reads. An `if` begins outside of what is done at once in it. */
    if
    :: atomic {
#ifndef DAMAGED
            is_last = is_over;
#endif
            LOOK_AT_HEAD()
        }
    fi;
    goto copy;
again:
    if
    :: atomic { LOOK_AT_HEAD() }
    fi;
copy:
    if
    :: AT_ONCE {
        STEP {
            load(SLOT(version) + LENGTH, since, length) /* R5 */
        };
        STEP {
#ifndef WITHOUT_FIRST_LOOK
            load(SLOT(version) + VERSION, since, looked); /* R6 */
            if
            :: looked != version -> goto retry
            :: else -> looked = 0
            fi;
#endif
            if
            :: length > LENGTH_MAX -> goto retry
            :: else
            fi
        };
        STEP {
            load(SLOT(version) + PAYLOAD, since, first) /* R7 */
        };
        STEP {
            if
            :: length > 1 -> load(SLOT(version) + PAYLOAD + 1, since, second)
            :: else
            fi
        };
        STEP {
            load(SLOT(version) + CHECKSUM, since, sum); /* R8 */
            if
            :: !CHECKSUM_FITS -> goto retry
            :: else
            fi
        };
        STEP {
#ifndef WITHOUT_SECOND_LOOK
            load(SLOT(version) + VERSION, since, looked); /* R9 */
            if
            :: looked != version -> goto retry
            :: else
            fi;
#endif
            MUST_BE_WHOLE(version <= VERSIONS && first > 0 &&
                first == published[version] && length == length_of[first] &&
                (length == 1 || second == first));
            MUST_GROW(version > held);
            held = version; /* R10 */
            held_attempt = first;
            MUST_ARRIVE(!is_last || HOLDS_NEWEST);
            goto ended
        }
    }
    fi;
retry:
    atomic {
        tries++;
        FORGET;
        if
        :: MAY_TRY_AGAIN -> goto again
        :: else
        fi;
failed:
        MUST_ARRIVE(!is_last); /* R11 */
ended:
        tries = 0;
        FORGET;
        FORGET_SINCE;
        if
        :: !is_last -> goto progress
        :: else
        fi
    }
}

#ifdef DAMAGED

/* One store by nobody, after all publications: an older head, or junk in a slot. */
active proctype Stray() {
    byte at;

    atomic {
        is_over;
        if
        :: newest > 0 ->
            store(HEAD, newest - 1)
        :: at = 1;
            do
            :: at < WORDS - 1 -> at++
            :: break
            od;
            store(at, JUNK)
        fi;
        at = 0;
        ordered = stored
    }
}

#endif
