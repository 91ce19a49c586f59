'use strict';
// How multiproc objects travel: described at the sender, revived at the receiver, by whoever owns them.

const test = require('ava').default ?? require('ava');
const { encode, decode } = require('../../lib/codec');
const { MultiprocError } = require('../../lib/errors');

class Handle {
  constructor(index, extra) {
    this.index = index;
    this.extra = extra;
  }
}
const context = {
  describe: (object) =>
    object instanceof Handle ? { kind: 7, index: object.index, generation: 0xffffffff, extra: object.extra } : null,
  revive: (kind, index, generation, extra) => Object.assign(new Handle(index, extra), { kind, generation }),
};

test('a_described_object_is_revived_with_what_described_it', (t) => {
  const shared = { deep: [1] };
  const handle = new Handle(5, { shared, text: 'x' });
  const found = decode(Buffer.from(encode({ a: handle, b: [handle], shared }, { context })), { context });
  t.true(found.a instanceof Handle);
  t.is(found.a, found.b[0]);
  t.is(found.a.extra.shared, found.shared);
  t.like(found.a, { kind: 7, index: 5, generation: 0xffffffff, extra: { text: 'x' } });
});

test('the_context_is_asked_about_objects_that_are_not_built_in_only', (t) => {
  const asked = [];
  class Own {}
  const own = new Own();
  const value = [
    own,
    {},
    [],
    new Map(),
    new Date(),
    Buffer.alloc(1),
    new Uint8Array(1),
    new Error('e'),
    Object.create(null),
  ];
  encode(value, {
    context: {
      describe: (object) => {
        asked.push(object);
        return null;
      },
    },
  });
  t.deepEqual(asked, [own]);
});

test('a_handle_without_a_context_at_the_receiver_is_refused', (t) => {
  const bytes = Buffer.from(encode(new Handle(1), { context }));
  t.throws(() => decode(bytes), { code: 'ERR_MULTIPROC_DESERIALIZE' });
});

test('an_error_of_multiproc_from_revive_comes_through_and_any_other_is_wrapped', (t) => {
  const bytes = Buffer.from(encode(new Handle(1), { context }));
  const gone = new MultiprocError('ERR_MULTIPROC_HANDLE', 'gone');
  t.is(
    t.throws(() =>
      decode(bytes, {
        context: {
          revive() {
            throw gone;
          },
        },
      }),
    ),
    gone,
  );
  const odd = new Error('odd');
  t.is(
    t.throws(
      () =>
        decode(bytes, {
          context: {
            revive() {
              throw odd;
            },
          },
        }),
      { code: 'ERR_MULTIPROC_DESERIALIZE' },
    ).cause,
    odd,
  );
});

test('what_describe_throws_is_the_cause_at_the_path_of_the_object', (t) => {
  const cause = new Error('closed');
  const error = t.throws(
    () =>
      encode([new Handle(1)], {
        context: {
          describe() {
            throw cause;
          },
        },
      }),
    { code: 'ERR_MULTIPROC_SERIALIZE' },
  );
  t.is(error.path, 'value[0]');
  t.is(error.cause, cause);
});
