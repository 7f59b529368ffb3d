// SPDX-License-Identifier: Apache-2.0
'use strict';
// Waiting without sleeping: a promise that an event settles, with a deadline.

/** Resolves with what `look` returns as soon as that is truthy; looks now and after each event of `emitter`. */
function until(emitter, event, look, what, ms = 10_000) {
  return new Promise((resolve, reject) => {
    const finish = (settle, value) => {
      clearTimeout(timer);
      emitter.off(event, onEvent);
      settle(value);
    };
    const onEvent = () => {
      const found = look();
      if (found) finish(resolve, found);
    };
    const timer = setTimeout(() => finish(reject, new Error(`not within ${ms} ms: ${what}`)), ms);
    emitter.on(event, onEvent);
    onEvent();
  });
}

module.exports = { until };
