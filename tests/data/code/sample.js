'use strict';
// The shop.
const shop = require('./shop');

/* What is sold. */
function sell(order) {
  // nothing to sell
  if (!order) return /* here */ null;

  const pattern = /\/\/ no remark/;
  const found = shop.find(order, pattern);
  return found.map((line) => line.price);
}

module.exports = { sell }; // the one thing
