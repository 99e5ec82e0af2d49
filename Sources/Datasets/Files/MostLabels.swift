/// What no label reaches: one that is larger is a mistake, and would have a number counted for each below it.
let mostLabels = 1_000_000
