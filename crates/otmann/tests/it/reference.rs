//! An independent exact solver, as simple as can be: successive shortest paths, Bellman–Ford, on
//! the original's own formulation with null layers. No block split, no pruning, no simplex.

/// The optimum of the balanced transport between `supply` + [Σ demand] and `demand` + [Σ supply],
/// where the additional row and column stand for "unmatched" and cost `penalty`.
pub(crate) fn optimum(supply: &[f64], demand: &[f64], cost: &[f64], penalty: f64) -> f64 {
    let (n, m) = (supply.len() + 1, demand.len() + 1);
    let total = |masses: &[f64]| masses.iter().sum::<f64>();
    let mut left: Vec<f64> = supply.iter().copied().chain([total(demand)]).collect();
    let mut need: Vec<f64> = demand.iter().copied().chain([total(supply)]).collect();
    let price = |i: usize, j: usize| match (i == n - 1, j == m - 1) {
        (true, true) => 0.0,
        (false, false) => cost[i * (m - 1) + j],
        _ => penalty,
    };
    let tiny = 1e-15 * (total(supply) + total(demand));
    let mut flow = vec![0.0; n * m];
    // Potentials keep reduced costs non-negative, so that Dijkstra applies.
    let mut potential = vec![0.0; n + m];
    while left.iter().any(|&mass| mass > tiny) {
        // Shortest paths from all rows with mass left, over n rows and m columns.
        let mut distance = vec![f64::INFINITY; n + m];
        let mut from = vec![usize::MAX; n + m];
        let mut done = vec![false; n + m];
        for i in 0..n {
            if left[i] > tiny {
                distance[i] = 0.0;
            }
        }
        let mut target = None;
        loop {
            let open = (0..n + m).filter(|&v| !done[v] && distance[v] < f64::INFINITY);
            let Some(v) = open.min_by(|&a, &b| distance[a].total_cmp(&distance[b])) else {
                break;
            };
            done[v] = true;
            if v >= n && need[v - n] > tiny {
                target = Some(v);
                break;
            }
            let others = if v < n { n..n + m } else { 0..n };
            for w in others {
                let (i, j) = if v < n { (v, w - n) } else { (w, v - n) };
                let step = if v < n {
                    price(i, j)
                } else if flow[i * m + j] > 0.0 {
                    -price(i, j)
                } else {
                    continue;
                };
                let reduced = (step + potential[v] - potential[w]).max(0.0);
                if step.is_finite() && distance[v] + reduced < distance[w] {
                    distance[w] = distance[v] + reduced;
                    from[w] = v;
                }
            }
        }
        let Some(target) = target else { break };
        for v in 0..n + m {
            potential[v] += distance[v].min(distance[target]);
        }
        let mut amount = need[target - n];
        let mut v = target;
        while from[v] != usize::MAX {
            if v < n {
                amount = amount.min(flow[v * m + from[v] - n]);
            }
            v = from[v];
        }
        amount = amount.min(left[v]);
        left[v] -= amount;
        need[target - n] -= amount;
        let mut v = target;
        while from[v] != usize::MAX {
            if v < n {
                let arc = &mut flow[v * m + from[v] - n];
                *arc = if *arc - amount <= tiny {
                    0.0
                } else {
                    *arc - amount
                };
            } else {
                flow[from[v] * m + v - n] += amount;
            }
            v = from[v];
        }
    }
    (0..n * m)
        .filter(|&k| flow[k] > 0.0)
        .map(|k| flow[k] * price(k / m, k % m))
        .sum()
}
