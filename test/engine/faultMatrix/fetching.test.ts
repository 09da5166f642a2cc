import { testPart } from './testPart';

testPart('fetching');
