//! Ask/tell architecture search: strategies, acquisitions and the spaces they search
