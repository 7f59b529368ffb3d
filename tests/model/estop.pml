/* SPDX-License-Identifier: Apache-2.0 */
/* Estop's kill, lease, take-over and resume, for spin. README.md says how to run it, what it leaves
 * out and why that is sound, and what each mutant (the #ifdefs in the text) breaks.
 *
 * Two controls share the control log and lease out two bridges. One scope is killed (KILLS times)
 * and resumed once. What a process does on one event is one atomic step; between two steps it may
 * rest for any time, so a pause needs no step of its own. Every message may be late or lost. Time is
 * a clock of a few ticks; what runs out is kept as the ticks that are left, so the model is finite
 * without a bound on time.
 *
 * -DSTANDBY: both controls live at once, and leadership is a key that its owner renews. Without it
 * there is one control at a time (the lock on the data folder), and the other one is its successor. */

#ifndef KILLS
#define KILLS 1
#endif
#ifndef LEASE
#define LEASE 2 /* ticks from the sending of a bridge's beat */
#endif
#ifndef TAKEOVER
#define TAKEOVER 1 /* ticks from the sending of a renewal */
#endif
#ifndef CRASHES
#define CRASHES 1 /* of controls */
#endif
#ifndef TAKEOVERS
#define TAKEOVERS 1 /* leaders after the first */
#endif
#ifndef RESTARTS
#define RESTARTS 1 /* crashes of bridges */
#endif
#ifndef LEAVES
#define LEAVES 0 /* bridges that are declared gone */
#endif
#ifndef UNPLUGS
#define UNPLUGS 0 /* times that a bridge loses its link to AGENTS, and that alone */
#endif

/* Sets are bits: of bridges, of kills, and of pairs of them. */
#define BIT(n) (1 << (n))
#define OF(b, k) BIT(2 * (k) + (b))
#define ALL_OF_KILL(k) (3 << (2 * (k)))
#define ALL_OF_BRIDGE(b) (5 << (b))

hidden byte b_, c_, k_, record_, term_, head_, kills_, left_; /* scratch of one step */

/* --- The control log --------------------------------------------------------------------------- */

/* A record is a byte: what it says and which control wrote it. */
#define TERM 1
#define JOINED(b) (2 + (b))
#define LEFT(b) (4 + (b))
#define KILL(k) (6 + (k))
#define RESUME(lifts) (8 + (lifts))
#define BY(c) (16 * ((c) + 1))
#define SAYS(record) ((record) & 15)
#define WRITER(record) ((record) / 16 - 1)

#define RECORDS_MAX 10
byte log[RECORDS_MAX];
byte records;
byte late; /* an append that its writer left on the way when it died; 0: none */

/* --- Controls ---------------------------------------------------------------------------------- */

#define DEAD 0
#define BLIND 1   /* has not read the log yet: takes kills, vouches for nothing */
#define OPENING 2 /* has read it; its term is not in the log yet */
#define LEADING 3 /* or deposed, and does not know it */

typedef Control {
  byte state;
  byte applied;       /* how much of the log it knows to be committed */
  byte term;
  byte joined;        /* bridges, by the applied log */
  byte leaving;       /* bridges whose "left" record is on its way */
  byte kills;         /* that it knows, in the log or not */
  byte logged;        /* of these: in the applied log */
  byte lifts;         /* named by a resume that is not in the applied log yet */
  byte waits;         /* OF(b, k): receipts that a fence still needs */
  byte may_be_open[2] /* ticks that a bridge may still be open for, as far as this control knows */
};
Control control[2];

#define NOBODY 2
byte leader;
byte key_left; /* STANDBY: ticks until another may lead */

#if defined(STANDBY) && !defined(DEPOSED_FORGETS)
byte owed[2]; /* kills that a deposed leader has to hand to its successor */
#define OWED (owed[0] | owed[1])
#else
#define OWED 0
#endif

#define LIVES(c) (control[c].state != DEAD)
#define UNLOGGED(c) (control[c].kills & ~control[c].logged)

#if defined(STANDBY) && defined(NO_KEY)
#define MAY_LEAD(c) true
#define MAY_GRANT(c) (control[c].state == LEADING)
#elif defined(STANDBY)
#define MAY_LEAD(c) (key_left == 0)
#define MAY_GRANT(c) (control[c].state == LEADING && leader == (c) && key_left > 0)
#else
#define MAY_LEAD(c) (!LIVES(1 - (c)))
#define MAY_GRANT(c) (control[c].state == LEADING)
#endif

/* With standbys only the compare-and-set proves that the list of bridges was complete. */
#if defined(STANDBY) && !defined(FENCE_BEFORE_COMMIT)
#define MAY_TELL(c) control[c].logged
#else
#define MAY_TELL(c) control[c].kills
#endif

/* --- Bridges ----------------------------------------------------------------------------------- */

#define CLOSED 0  /* waits for a frame that names the head of the log */
#define JOINING 1 /* has replayed to a head; its beats ask for a lease */
#define OPEN 2

typedef Bridge {
  byte state;
  byte applied; /* how much of the log it has applied */
  byte term;    /* the newest that a frame carried */
  byte latched; /* kills that hold here */
  byte held;    /* of these: not in the applied log; its beats show them */
  byte lifted;  /* kills that an applied resume named: they do not latch again */
  byte lease    /* ticks */
};
Bridge bridge[2];
byte unplugged; /* bridges without their link to AGENTS: they beat, but can neither open nor confirm */

/* The one lease frame that is late: all others arrive at once or never. `left` is the lease that it
 * brings if it arrives now: LEASE when the bridge sent the beat that it answers, counted down since. */
#define NONE 2
byte to_bridge; /* NONE: there is no late frame */
byte frame_term, frame_head, frame_kills, frame_left;

/* --- The operator, budgets, and what the invariants speak of -------------------------------------- */

byte ordered;   /* kills: each was published, so a bridge may hear it now or at any later time */
#ifdef RESUME_ON_SIGHT
byte resumed;   /* kills that a published resume names */
#endif
byte fenced;    /* kills that a control reported as fenced */
byte committed; /* kills in the log */
byte lifted;    /* kills that a resume in the log names */
byte grace[2];  /* of each kill: ticks until I2 demands that nothing passes */
#define NOT_COUNTING 255
#if defined(RECEIPT_OF_ANY_LIFE) || defined(RECEIPT_ONCE)
byte receipts;  /* OF(b, k): that were ever sent */
#endif
byte crashes, takeovers, restarts, leaves, unplugs;

#ifdef I9
/* From some moment on there are no faults and no orders, and nobody dawdles: every step that can be
 * made is made before the clock goes on, and each bridge beats once in each tick. A kill that a
 * bridge did not hear until then comes with a frame or the log, or not at all. */
bool calm;
byte beats; /* bridges whose beat of this tick is still to come */
#define BEFORE_CALM (!calm) /* faults and orders */
#define MAY_TICK (!calm || timeout)
#define MAY_BEAT(b) (!calm || beats & BIT(b))
#else
#define BEFORE_CALM true
#define MAY_TICK true
#define MAY_BEAT(b) true
#endif

/* --- What a control does --------------------------------------------------------------------------- */

#define IS_FENCED(c, k) (MAY_TELL(c) & BIT(k) && !(control[c].waits & ALL_OF_KILL(k)))
inline tell(c) {
  fenced = fenced | (IS_FENCED(c, 0) -> BIT(0) : 0) | (IS_FENCED(c, 1) -> BIT(1) : 0)
}

/* A kill that it did not know: every bridge that may be open has to confirm it. */
inline learn(c, k) {
  control[c].kills = control[c].kills | BIT(k);
  for (b_ : 0 .. 1) {
    if
    :: control[c].may_be_open[b_] > 0 -> control[c].waits = control[c].waits | OF(b_, k)
    :: else
    fi
  }
  if
  :: leader == c && grace[k] == NOT_COUNTING -> grace[k] = LEASE
  :: else
  fi
}

/* What cannot be open needs to confirm nothing. */
inline outlived(c, b) {
  control[c].may_be_open[b] = 0;
  control[c].waits = control[c].waits & ~ALL_OF_BRIDGE(b)
}

/* What was promised of a kill that is not in the log was promised by a leader who is gone. It holds
 * again when a bridge has brought the kill back. */
inline leadership_moves(to) {
  leader = to;
  fenced = fenced & committed;
  grace[0] = (committed & BIT(0) -> grace[0] : NOT_COUNTING);
  grace[1] = (committed & BIT(1) -> grace[1] : NOT_COUNTING)
}

/* The leases of the leader before may last for LEASE from now on; whose they are, the log will say. */
inline start(c) {
  leadership_moves(c);
  key_left = TAKEOVER;
  control[c].state = BLIND;
#ifndef FENCE_WHILE_BLIND
  control[c].may_be_open[0] = LEASE;
  control[c].may_be_open[1] = LEASE
#endif
}

inline die(c) {
  if
  :: leader == c -> leadership_moves(NOBODY)
  :: else
  fi;
  control[c].state = DEAD;
  control[c].applied = 0;
  control[c].term = 0;
  control[c].joined = 0;
  control[c].leaving = 0;
  control[c].kills = 0;
  control[c].logged = 0;
  control[c].lifts = 0;
  control[c].waits = 0;
  control[c].may_be_open[0] = 0;
  control[c].may_be_open[1] = 0
}

/* The next record of the log is committed, and it knows that now. */
inline note_next(c) {
  record_ = SAYS(log[control[c].applied]);
  control[c].applied++;
  if
  :: record_ == TERM -> control[c].term++
  :: record_ == JOINED(0) || record_ == JOINED(1) ->
     control[c].joined = control[c].joined | BIT(record_ - JOINED(0))
  :: record_ == LEFT(0) || record_ == LEFT(1) ->
     control[c].joined = control[c].joined & ~BIT(record_ - LEFT(0));
     control[c].leaving = control[c].leaving & ~BIT(record_ - LEFT(0));
#ifdef GRANT_WHILE_LEAVING
     outlived(c, record_ - LEFT(0))
#endif
  :: record_ == KILL(0) || record_ == KILL(1) ->
     if
     :: !(control[c].kills & BIT(record_ - KILL(0))) -> learn(c, record_ - KILL(0))
     :: else
     fi;
     control[c].logged = control[c].logged | BIT(record_ - KILL(0))
  :: else -> control[c].lifts = 0
  fi
}

inline read_log(c) {
  do
  :: control[c].applied < records -> note_next(c)
  :: else -> break
  od;
  for (b_ : 0 .. 1) {
    if
#ifndef FORGET_EARLIER_LEASES
    :: control[c].joined & BIT(b_)
#endif
    :: else -> outlived(c, b_)
    fi
  }
  control[c].state = OPENING
}

/* What it finds in the log is its own, or it was deposed and ends: as a leader. With standbys it hands
 * on the kills that its successor may not have heard of. */
inline look_at_log(c) {
  if
  :: WRITER(log[control[c].applied]) == c ->
     control[c].state = LEADING; /* its first own record is its term */
     note_next(c)
  :: else ->
#if defined(STANDBY) && !defined(DEPOSED_FORGETS)
     owed[c] = owed[c] | UNLOGGED(c);
#endif
     if
     :: leader == c -> die(c); start(c)
     :: else -> die(c)
     fi
  fi
}

/* The stream takes a record that was written behind `before`. */
inline take(record, before) {
#ifdef I11
  assert(log[records - 1] == before);
#endif
  log[records] = record;
  records++;
  record_ = SAYS(record);
  late = 0; /* its place is taken: it will be refused */
  if
  :: record_ == KILL(0) || record_ == KILL(1) ->
     k_ = record_ - KILL(0);
     committed = committed | BIT(k_);
     grace[k_] = (grace[k_] == NOT_COUNTING -> LEASE : grace[k_])
  :: record_ > RESUME(0) -> lifted = lifted | (record_ - RESUME(0))
  :: else
  fi
}

/* Compare and set: the stream takes what was written behind its last record, and refuses all else. */
#ifdef NO_COMPARE_AND_SET
#define AT_HEAD(c) true
#else
#define AT_HEAD(c) (control[c].applied == records)
#endif
#define LEADS(c) (control[c].state == LEADING)
#define HAS_TERM(c) (control[c].state == OPENING && AT_HEAD(c))
#define HAS_KILL(c, k) (LEADS(c) && AT_HEAD(c) && UNLOGGED(c) & BIT(k))
#define HAS_RESUME(c) (LEADS(c) && AT_HEAD(c) && control[c].lifts && \
                       !(control[c].lifts & ~control[c].logged))
#define HAS_LEFT(c, b) (LEADS(c) && AT_HEAD(c) && control[c].leaving & BIT(b))
/* The beat that asks is heard in the same step. */
#define HAS_JOINED(c, b) (MAY_GRANT(c) && AT_HEAD(c) && !(control[c].joined & BIT(b)) && \
                          bridge[b].state == JOINING && bridge[b].applied == control[c].applied)

inline append(c, what) { take((what) + BY(c), log[control[c].applied - 1]) }

#ifdef GRANT_WHILE_LEAVING
#define GRANTABLE(c, b) (MAY_GRANT(c) && control[c].joined & BIT(b))
#else
#define GRANTABLE(c, b) (MAY_GRANT(c) && control[c].joined & ~control[c].leaving & BIT(b))
#endif

/* It takes over the kills that the beat shows. The frame that answers is in the scratch variables. */
inline hear_beat(c, b) {
  for (k_ : 0 .. 1) {
    if
#ifndef BEAT_WITHOUT_KILLS
    :: bridge[b].held & BIT(k_) & ~control[c].kills -> learn(c, k_)
#endif
    :: else
    fi
  }
  tell(c);
#ifdef I9
  beats = beats & ~BIT(b);
#endif
  term_ = control[c].term;
  head_ = control[c].applied;
#ifdef FRAME_WITHOUT_KILLS
  kills_ = 0;
#else
  kills_ = UNLOGGED(c);
#endif
  left_ = (GRANTABLE(c, b) && bridge[b].state != CLOSED -> LEASE : 0);
#ifdef GRANT_WHILE_CLOSED
  control[c].may_be_open[b] = (GRANTABLE(c, b) -> LEASE : control[c].may_be_open[b])
#else
  control[c].may_be_open[b] = (left_ > 0 -> LEASE : control[c].may_be_open[b])
#endif
}

inline order_kill(c, k) {
  ordered = ordered | BIT(k);
  learn(c, k);
  tell(c)
}

inline order_resume(c) {
  control[c].lifts = control[c].kills;
#ifdef RESUME_ON_SIGHT
  resumed = resumed | control[c].kills
#endif
}

/* Once it is calm, a leader renews its key in time. */
#define MAY_START(c) (!LIVES(c) && MAY_LEAD(c) && \
                      (BEFORE_CALM -> takeovers < TAKEOVERS && takeovers % 2 != (c) : leader == NOBODY))

proctype ControlProcess(byte c) {
  do
  :: d_step { MAY_START(c) ->
       takeovers++; start(c) }
  :: atomic { LIVES(c) && BEFORE_CALM && crashes < CRASHES ->
       if
       :: late = 0
       :: HAS_TERM(c) -> late = TERM + BY(c)
       :: HAS_KILL(c, 0) -> late = KILL(0) + BY(c)
       :: HAS_KILL(c, 1) -> late = KILL(1) + BY(c)
       :: HAS_RESUME(c) -> late = RESUME(control[c].lifts) + BY(c)
       :: HAS_JOINED(c, 0) -> late = JOINED(0) + BY(c)
       :: HAS_JOINED(c, 1) -> late = JOINED(1) + BY(c)
       :: HAS_LEFT(c, 0) -> late = LEFT(0) + BY(c)
       fi;
#if defined(STANDBY) && !defined(DEPOSED_FORGETS)
       owed[c] = 0;
#endif
       d_step { crashes++; die(c) } }
#if defined(STANDBY) && !defined(DEPOSED_FORGETS)
  /* Sent again and again, until the log has it. */
  :: d_step { LIVES(0) && owed[c] & BIT(0) & ~control[0].kills -> learn(0, 0); tell(0) }
  :: d_step { LIVES(1) && owed[c] & BIT(0) & ~control[1].kills -> learn(1, 0); tell(1) }
  :: d_step { owed[c] & committed -> owed[c] = owed[c] & ~committed }
#endif
#ifdef STANDBY
  :: d_step { LIVES(c) && leader == c && key_left < TAKEOVER -> key_left = TAKEOVER }
#endif

  :: d_step { control[c].state == BLIND -> read_log(c); tell(c) }
  :: d_step { control[c].state >= OPENING && control[c].applied < records ->
       look_at_log(c); tell(c) }

  :: d_step { LIVES(c) && BEFORE_CALM && !ordered -> order_kill(c, 0) }
#if KILLS > 1
  /* Behind the resume, which must not lift it. */
  :: d_step { LIVES(c) && BEFORE_CALM && ordered == BIT(0) && (control[c].lifts || lifted) ->
       order_kill(c, 1) }
#endif
  :: d_step { LEADS(c) && BEFORE_CALM && control[c].kills && !lifted && !control[c].lifts ->
       order_resume(c) }
  :: d_step { LEADS(c) && control[c].joined & BIT(0) && control[c].may_be_open[0] == 0 &&
              leaves < LEAVES ->
       leaves++; control[c].leaving = BIT(0) }

  :: d_step { HAS_TERM(c) -> append(c, TERM) }
  :: d_step { HAS_KILL(c, 0) -> append(c, KILL(0)) }
  :: d_step { HAS_KILL(c, 1) -> append(c, KILL(1)) }
  :: d_step { HAS_RESUME(c) -> append(c, RESUME(control[c].lifts)) }
  :: d_step { HAS_JOINED(c, 0) -> append(c, JOINED(0)) }
  :: d_step { HAS_JOINED(c, 1) -> append(c, JOINED(1)) }
  :: d_step { HAS_LEFT(c, 0) -> append(c, LEFT(0)) }
#ifdef PIPELINE
  /* The term and a kill behind it are sent in one go; the place of the term was taken by another. */
  :: d_step { control[c].state == OPENING && UNLOGGED(c) & BIT(0) &&
              control[c].applied + 1 == records && WRITER(log[control[c].applied]) != c ->
       take(KILL(0) + BY(c), TERM + BY(c)) }
#endif

#ifdef RECEIPT_OF_ANY_LIFE
  :: d_step { control[c].waits & receipts -> control[c].waits = control[c].waits & ~receipts; tell(c) }
#endif
  od
}

/* --- What a bridge does ---------------------------------------------------------------------------- */

inline no_late_frame() {
  to_bridge = NONE;
  frame_term = 0;
  frame_head = 0;
  frame_kills = 0;
  frame_left = 0
}

/* The nonces that it has sent are worth nothing from here on. */
inline forget(b) {
  bridge[b].lease = 0;
  if
  :: to_bridge == b -> no_late_frame()
  :: else
  fi
}

inline shut(b) {
  bridge[b].state = CLOSED;
  forget(b)
}

/* On sight: committed or not, whatever the state. */
inline latch(b, set) {
  bridge[b].held = bridge[b].held | ((set) & ~(bridge[b].latched | bridge[b].lifted));
  bridge[b].latched = bridge[b].latched | ((set) & ~bridge[b].lifted)
}

inline lift(b, set) {
  bridge[b].lifted = bridge[b].lifted | (set);
  bridge[b].latched = bridge[b].latched & ~(set);
  bridge[b].held = bridge[b].held & ~(set)
}

/* The committed log up to a head, in its order. */
inline apply(b, upto) {
  do
  :: bridge[b].applied < upto ->
     record_ = SAYS(log[bridge[b].applied]);
     bridge[b].applied++;
     if
     :: record_ == KILL(0) || record_ == KILL(1) ->
        latch(b, BIT(record_ - KILL(0)));
        bridge[b].held = bridge[b].held & ~BIT(record_ - KILL(0))
     :: record_ > RESUME(0) -> lift(b, record_ - RESUME(0))
     :: record_ == LEFT(b) && bridge[b].state == OPEN -> shut(b)
     :: record_ == LEFT(b) && bridge[b].state != OPEN -> forget(b)
     :: else
     fi
  :: else -> break
  od
}

/* A lease opens who was joining, and keeps open who is. */
inline take_grant(b, ticks) {
  if
  :: ticks > bridge[b].lease ->
     bridge[b].state = OPEN;
#ifdef LEASE_FROM_ARRIVAL
     bridge[b].lease = LEASE
#else
     bridge[b].lease = ticks
#endif
  :: else
  fi
}

/* `missed`: records up to the head that it has not seen live. It closes, reads them up to the head,
 * and asks to join again; who has seen them all applies them where it is. */
inline take_frame(b, missed) {
  if
  :: term_ >= bridge[b].term ->
     assert(head_ >= bridge[b].applied); /* I4 */
     bridge[b].term = term_;
     latch(b, kills_);
     if
#ifdef OPEN_BEFORE_REPLAY
     :: missed
#else
     :: missed -> shut(b); left_ = 0; apply(b, head_)
#endif
     :: else -> apply(b, head_)
     fi;
     if
     :: bridge[b].state == CLOSED && !(unplugged & BIT(b)) -> bridge[b].state = JOINING
     :: bridge[b].state == CLOSED && unplugged & BIT(b)
     :: bridge[b].state != CLOSED -> take_grant(b, left_)
     fi
  :: else /* of a deposed leader */
  fi
}

/* What one leader sends to one bridge keeps its order: what was late is lost. */
inline overtake(b) {
  if
  :: to_bridge == b && frame_term == term_ -> no_late_frame()
  :: else
  fi
}

inline delay_frame(b) {
  to_bridge = b;
  frame_term = term_;
  frame_head = head_;
  frame_kills = kills_;
  frame_left = left_
}

inline late_frame(b, missed) {
  term_ = frame_term;
  head_ = frame_head;
  kills_ = frame_kills;
  left_ = frame_left;
  no_late_frame();
  take_frame(b, missed)
}

inline crash_bridge(b) {
  shut(b);
  bridge[b].applied = 0;
  bridge[b].term = 0;
  bridge[b].latched = 0;
  bridge[b].held = 0;
  bridge[b].lifted = 0
}

#define NEW(b, set) ((set) & ~(bridge[b].latched | bridge[b].lifted))
#define PASSES(b) (bridge[b].state == OPEN && bridge[b].latched == 0)

/* A control that waits for a receipt publishes the kill again and again; who holds it confirms. */
#define CAN_CONFIRM(b, k) (bridge[b].latched & BIT(k) && !(unplugged & BIT(b)))
#ifdef RECEIPT_OF_ANY_LIFE
#define CONFIRMS(c, b, k) (CAN_CONFIRM(b, k) && !(receipts & OF(b, k)))
inline confirm(c, b, k) { receipts = receipts | OF(b, k) }
#else
#ifdef RECEIPT_ONCE
#define UNSENT(b, k) (!(receipts & OF(b, k)))
#else
#define UNSENT(b, k) true
#endif
#define CONFIRMS(c, b, k) (CAN_CONFIRM(b, k) && control[c].waits & OF(b, k) && UNSENT(b, k))
inline confirm(c, b, k) {
#ifdef RECEIPT_ONCE
  receipts = receipts | OF(b, k);
#endif
  control[c].waits = control[c].waits & ~OF(b, k);
  tell(c)
}
#endif

proctype BridgeProcess(byte b) {
  do
  :: d_step { BEFORE_CALM && restarts < RESTARTS -> restarts++; crash_bridge(b) }
  :: d_step { BEFORE_CALM && unplugs < UNPLUGS ->
       unplugs++; unplugged = unplugged | BIT(b); shut(b) }
  :: d_step { BEFORE_CALM && unplugged & BIT(b) -> unplugged = unplugged & ~BIT(b) }

  :: d_step { BEFORE_CALM && NEW(b, ordered & BIT(0)) -> latch(b, BIT(0)) }
  :: d_step { BEFORE_CALM && NEW(b, ordered & BIT(1)) -> latch(b, BIT(1)) }
#ifdef RESUME_ON_SIGHT
  :: d_step { resumed & ~bridge[b].lifted -> lift(b, resumed) }
#endif

  :: d_step { MAY_BEAT(b) && MAY_GRANT(0) -> hear_beat(0, b); overtake(b); take_frame(b, false) }
  :: d_step { MAY_BEAT(b) && MAY_GRANT(1) -> hear_beat(1, b); overtake(b); take_frame(b, false) }
  :: d_step { MAY_BEAT(b) && MAY_GRANT(0) && control[0].applied > bridge[b].applied ->
       hear_beat(0, b); overtake(b); take_frame(b, true) }
  :: d_step { MAY_BEAT(b) && MAY_GRANT(1) && control[1].applied > bridge[b].applied ->
       hear_beat(1, b); overtake(b); take_frame(b, true) }
  :: d_step { BEFORE_CALM && GRANTABLE(0, b) && bridge[b].state != CLOSED ->
       hear_beat(0, b); delay_frame(b) }
  :: d_step { BEFORE_CALM && GRANTABLE(1, b) && bridge[b].state != CLOSED ->
       hear_beat(1, b); delay_frame(b) }
  :: d_step { LIVES(0) && !MAY_GRANT(0) && bridge[b].held & ~control[0].kills -> hear_beat(0, b) }
  :: d_step { LIVES(1) && !MAY_GRANT(1) && bridge[b].held & ~control[1].kills -> hear_beat(1, b) }
  :: d_step { to_bridge == b -> late_frame(b, false) }
  :: d_step { to_bridge == b && frame_head > bridge[b].applied -> late_frame(b, true) }

  :: d_step { CONFIRMS(0, b, 0) -> confirm(0, b, 0) }
  :: d_step { CONFIRMS(0, b, 1) -> confirm(0, b, 1) }
  :: d_step { CONFIRMS(1, b, 0) -> confirm(1, b, 0) }
  :: d_step { CONFIRMS(1, b, 1) -> confirm(1, b, 1) }
#ifdef RECEIPT_ONCE
  :: d_step { BEFORE_CALM && CONFIRMS(0, b, 0) -> receipts = receipts | OF(b, 0) } /* is lost */
#endif

#ifndef I9
  /* An intent of the killed scope. */
  :: d_step { PASSES(b) ->
#ifdef I1
       assert((fenced & ~lifted) == 0);
#endif
#ifdef I2
       assert(grace[0] > 0 || (lifted & BIT(0)));
       assert(grace[1] > 0 || (lifted & BIT(1)));
#endif
       skip }
#endif
  od
}

/* --- Network and time -------------------------------------------------------------------------------- */

#define COUNT_DOWN(ticks) ticks = (ticks == 0 -> 0 : ticks - 1)
#define COUNT_DOWN_GRACE(k) \
  grace[k] = (grace[k] == NOT_COUNTING || grace[k] == 0 -> grace[k] : grace[k] - 1)

inline tick() {
  for (c_ : 0 .. 1) {
    for (b_ : 0 .. 1) {
      if
      :: control[c_].may_be_open[b_] == 1 -> outlived(c_, b_)
      :: else -> COUNT_DOWN(control[c_].may_be_open[b_])
      fi
    }
    tell(c_)
  }
#ifndef LEASE_FROM_ARRIVAL
  if
  :: frame_left == 1 -> no_late_frame()
  :: else -> COUNT_DOWN(frame_left)
  fi;
#endif
  for (b_ : 0 .. 1) {
    if
    :: bridge[b_].lease == 1 -> shut(b_)
    :: else -> COUNT_DOWN(bridge[b_].lease)
    fi
  }
  COUNT_DOWN_GRACE(0);
  COUNT_DOWN_GRACE(1);
  COUNT_DOWN(key_left);
#ifdef I9
  beats = (calm -> 3 : 0)
#endif
}

#ifdef I9
inline calm_down() {
  calm = true;
  beats = 3
}
#endif

proctype World() {
  do
  :: d_step { MAY_TICK -> tick() }
  :: d_step { late -> take(late, log[records - 1]) }
  /* Signed by the operator himself, or published by a control that was gone in the same moment. */
  :: d_step { BEFORE_CALM && !ordered -> ordered = BIT(0) }
#ifdef I9
  :: d_step { !calm -> calm_down() }
  :: d_step { !calm -> calm_down(); late = 0; no_late_frame() } /* what was on the way is lost */
#endif
  od
}

init {
  d_step {
    log[0] = TERM + BY(0);
    log[1] = JOINED(0) + BY(0);
#ifdef NEWCOMER
    records = 2;
    control[0].joined = BIT(0);
#else
    log[2] = JOINED(1) + BY(0);
    records = 3;
    control[0].joined = BIT(0) | BIT(1);
#endif
    control[0].state = LEADING;
    control[0].applied = records;
    control[0].term = 1;
    to_bridge = NONE;
    key_left = TAKEOVER;
    grace[0] = NOT_COUNTING;
    grace[1] = NOT_COUNTING
  }
  atomic {
    run BridgeProcess(0);
    run BridgeProcess(1);
    run ControlProcess(0);
    run ControlProcess(1);
    run World()
  }
}

#ifdef I9
/* A kill that anybody knows of ends up fenced, or lifted; what is lifted passes again everywhere that
 * agents can be reached. */
#define KNOWN(k) ((bridge[0].latched | bridge[1].latched | control[0].kills | control[1].kills | \
                   committed | OWED) & BIT(k))
#define SETTLED(k) ((fenced | lifted) & BIT(k))
#define SERVES(b) (PASSES(b) || unplugged & BIT(b))
ltl calm_settles {
  ([] ((calm && KNOWN(0)) -> <> SETTLED(0))) &&
  ([] ((calm && lifted) -> <> (SERVES(0) && SERVES(1))))
}
#endif
