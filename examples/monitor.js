'use strict';
// A monitor: data, and one door to them. Whoever is inside is alone; who has to wait for something lets the others in
// meanwhile. Here an account that several processes draw on, and that pays out only what it has.

const { Monitor, Process, SharedValue } = require('multiproc');

async function withdraw(account, balance, amount, times) {
  for (let time = 0; time < times; time += 1) {
    await account.run(async () => {
      await account.waitFor(() => balance.value >= amount);
      balance.value -= amount;
      if (balance.value < 0) throw new Error('overdrawn');
    });
  }
  return amount * times;
}

async function main() {
  const account = new Monitor();
  const balance = new SharedValue('i32', 0, { lock: false });
  const customers = [5, 10, 20].map((amount) => new Process(withdraw, { args: [account, balance, amount, 4] }).start());

  // Pays in, little by little; each time all look whether it is enough for them.
  for (let paid = 0; paid < 140; paid += 7) {
    account.runSync(() => {
      balance.value += 7;
      account.notifyAll();
    });
  }
  const sums = await Promise.all(customers.map((customer) => customer.result));
  await Promise.all(customers.map((customer) => customer.join()));
  console.log(`paid in 140, paid out ${sums.join(' + ')}`);
  console.log(`left: ${balance.value}`);

  // It is re-entrant: what is inside may call what goes inside.
  const inside = account.runSync(() => account.runSync(() => 'inside twice'));
  console.log(inside);
}

main();
