'use strict';
const shop = require('./shop');
function sell(order) {
  if (!order) return  null;
  const pattern = /\/\/ no remark/;
  const found = shop.find(order, pattern);
  return found.map((line) => line.price);
}
module.exports = { sell };
