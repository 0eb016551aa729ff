-- The offers of who is known already. The lock on each row keeps what changes meanwhile from being written twice.
INSERT INTO skill_offers
SELECT offer.* FROM (SELECT * FROM people FOR SHARE) AS known
CROSS JOIN LATERAL open_offers(known::people) AS offer
ON CONFLICT DO NOTHING;
